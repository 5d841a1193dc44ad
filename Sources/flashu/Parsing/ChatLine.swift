package import Foundation
import Tensors

/// One thing that is asked of a conversation: a line of a script, or one that was typed.
package enum ChatLine: Sendable, Equatable {
    /// Says something; the model answers.
    case text(String)
    /// Shows an image with what is said next.
    case image(String)
    /// Shows a video with what is said next.
    case video(String)
    /// The model draws; nil = what was said.
    case draw(String?)
    /// Takes the last turn back.
    case undo
    /// Begins anew.
    case reset
    /// Of all random choices from now on; nil = one that is drawn.
    case seed(UInt64?)
    /// Pixels of images from now on.
    case size(width: Int, height: Int)
    /// Writes the conversation to a folder; nil = the one of before.
    case save(String?)
    /// Lets the model go on.
    case go
    case help
    case quit

    /// Bytes that a script may have.
    package static let mostBytes = 64 << 20

    /// Reads a script, one JSON object a line.
    ///
    /// - Parameter name: what messages call it.
    /// - Returns: what each line asks for, with its number from 1; empty lines are passed over.
    /// - Throws: ``CommandError`` that names the first line that is off.
    package static func script(_ data: Data, name: String) throws(CommandError) -> [(number: Int, line: ChatLine)] {
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        var lines: [(number: Int, line: ChatLine)] = []
        var seen: Int?  // the last line that shows something and is followed by nothing yet
        for (i, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }) {
                continue
            }
            let place = "\(name), line \(i + 1)"
            guard case .object(let object) = try ParsedJSON.value(line, at: place) else {
                throw CommandError("\(place): a JSON object is needed, such as {\"text\": \"hello\"}")
            }
            let parsed = try ChatLine(object, at: place)
            switch parsed {
            case .image, .video: seen = i + 1
            case .text, .draw, .go, .reset: seen = nil
            case .undo, .seed, .size, .save, .help, .quit: break
            }
            lines.append((i + 1, parsed))
        }
        if let seen {
            throw CommandError("\(name), line \(seen): what it shows is followed by no text and nothing to draw")
        }
        guard !lines.isEmpty else { throw CommandError("\(name) holds no lines") }
        return lines
    }

    private init(_ object: JSONObject, at place: String) throws(CommandError) {
        let (name, value) = try ParsedJSON.only(
            of: ["text", "image", "video", "draw", "go", "undo", "reset", "seed", "size", "save"], in: object, at: place
        )
        switch (name, value) {
        case ("text", .string(let text)): self = .text(text)
        case ("image", .string(let path)): self = .image(path)
        case ("video", .string(let path)): self = .video(path)
        case ("draw", .string(let prompt)): self = .draw(prompt)
        case ("draw", .bool(true)): self = .draw(nil)
        case ("go", .bool(true)): self = .go
        case ("undo", .bool(true)): self = .undo
        case ("reset", .bool(true)): self = .reset
        case ("seed", .integer(let seed)) where seed >= 0: self = .seed(UInt64(seed))
        case ("seed", .string("random")): self = .seed(nil)
        case ("size", .string(let text)): self = try Self.size(text, at: place)
        case ("save", .string(let path)): self = .save(path)
        case ("save", .bool(true)): self = .save(nil)
        case ("draw", _): throw CommandError("\(place): draw is a prompt, or true")
        case ("seed", _): throw CommandError("\(place): seed is a whole number from 0, or \"random\"")
        case ("go", _), ("undo", _), ("reset", _): throw CommandError("\(place): \(name) can only be true")
        default: throw CommandError("\(place): \(name) must be a text")
        }
    }

    /// Reads what was typed: commands begin with a slash, everything else is said. A second slash at the beginning stands for one.
    /// - Throws: ``CommandError``.
    package init(typed: String) throws(CommandError) {
        let text = typed.trimmingCharacters(in: .whitespaces)
        guard text.hasPrefix("/"), !text.hasPrefix("//") else {
            self = text.isEmpty ? .go : .text(text.hasPrefix("//") ? String(text.dropFirst()) : text)
            return
        }
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        let (name, rest) = (parts[0], parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        func named(_ what: String) throws(CommandError) -> String {
            guard !rest.isEmpty else { throw CommandError("\(name) needs \(what)") }
            return rest
        }
        switch name {
        case "/draw": self = .draw(rest.isEmpty ? nil : rest)
        case "/image": self = .image(try named("a file"))
        case "/video": self = .video(try named("a file"))
        case "/undo": self = .undo
        case "/reset": self = .reset
        case "/save": self = .save(rest.isEmpty ? nil : rest)
        case "/size": self = try Self.size(try named("a size such as 432x432"), at: name)
        case "/seed":
            let typed = try named("a number, or random")
            guard typed == "random" || UInt64(typed) != nil else {
                throw CommandError("/seed needs a number, or random, not \(ParsedJSON.shown(typed))")
            }
            self = .seed(UInt64(typed))
        case "/help", "/?": self = .help
        case "/quit", "/exit", "/q": self = .quit
        default: throw CommandError("there is no \(ParsedJSON.shown(name)); /help lists what there is")
        }
    }

    private static func size(_ text: String, at place: String) throws(CommandError) -> ChatLine {
        let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let width = sides[0], let height = sides[1], (1...16_384).contains(width),
            (1...16_384).contains(height)
        else { throw CommandError("\(place): a size is written as 432x432, not \(ParsedJSON.shown(text))") }
        return .size(width: width, height: height)
    }
}
