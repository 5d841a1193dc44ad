import Foundation
import Images
import Pipelines
import Tensors

/// The folder that a conversation is kept in. Every file is written whole or not at all, the record last, so that at any time it tells of a conversation
/// that is complete.
struct ChatFolder {
    let url: URL
    private var names: [ObjectIdentifier: String] = [:]
    /// Names that were given, by this program or the one before.
    private var last = 0

    /// What is seen, in memory.
    final class Picture: Sendable {
        /// As the model sees or drew it; nil = a video.
        let image: RGBImage?
        /// What is kept in the PNG beside the pixels.
        let parameters: String?
        /// The file that it is in already.
        let name: String?

        init(_ image: RGBImage?, parameters: String? = nil, name: String? = nil) {
            (self.image, self.parameters, self.name) = (image, parameters, name)
        }
    }

    /// Makes the folder, if there is none.
    /// - Throws: ``CommandError`` when it can't be written to, or holds another conversation.
    init(_ typed: String, continuing: Bool) throws(CommandError) {
        url = URL(userPath: typed)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw CommandError("cannot make the folder \(url.path): \((error as NSError).localizedDescription)")
        }
        let there = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        if !continuing, there.contains(ChatRecord.fileName) {
            throw CommandError("\(url.path) holds a conversation; go on with it by --continue, or name another folder")
        }
        last = there.compactMap(Self.number).max() ?? 0
    }

    /// The number of a file of ours.
    private static func number(_ name: String) -> Int? {
        guard name.hasPrefix("image-"), let dot = name.lastIndex(of: ".") else { return nil }
        return Int(name[name.index(name.startIndex, offsetBy: 6)..<dot]).flatMap {
            (0..<1_000_000_000).contains($0) ? $0 : nil
        }
    }

    /// The file of a picture, without its ending.
    func name(of picture: Picture) -> String? { picture.name ?? names[ObjectIdentifier(picture)] }

    /// Writes a conversation.
    ///
    /// - Parameters:
    ///   - record: all but names of files.
    ///   - turns: of each turn its parts, and of those that are seen their pictures, in order.
    mutating func write(_ record: ChatRecord, _ turns: [(turn: Conversation.Turn, pictures: [Picture])]) throws {
        var record = record
        for (i, (turn, pictures)) in turns.enumerated() {
            var pictures = pictures[...]
            for (j, part) in turn.parts.enumerated() where part.content.isVisual {
                guard let picture = pictures.popFirst() else { continue }
                let name = try write(picture, part.content)
                record.turns[i].parts[j].latents = name + ".safetensors"
                if picture.image != nil
                    || FileManager.default.fileExists(atPath: url.appendingPathComponent(name + ".png").path)
                {
                    record.turns[i].parts[j].image = name + ".png"
                }
            }
        }
        try output("conversation.md").write(line: ChatMarkdown.text(record))
        try output(ChatRecord.fileName).write(line: JSONOutput.string(record))
        removeUnnamed(record)
    }

    private func output(_ name: String) -> OutputFile { OutputFile(url.appendingPathComponent(name).path, "--save") }

    private mutating func write(_ picture: Picture, _ content: Conversation.Content) throws -> String {
        if let name = name(of: picture) { return name }
        last += 1
        let name = "image-\(last)"
        switch content {
        case .tokens: break
        case .image(let latents, _), .video(let latents, _, _):
            try output(name + ".safetensors").write([("image_latents", latents)])
        }
        if let image = picture.image {
            try output(name + ".png").write(
                image.pngData(text: picture.parameters.map { [(GenerationParameters.pngKey, $0)] } ?? []))
        }
        names[ObjectIdentifier(picture)] = name
        return name
    }

    /// Removes images of turns that were taken back.
    private func removeUnnamed(_ record: ChatRecord) {
        let named = Set(record.turns.flatMap(\.parts).flatMap { [$0.image, $0.latents].compactMap(\.self) })
        for name in (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        where Self.number(name) != nil && !named.contains(name)
            && (name.hasSuffix(".png") || name.hasSuffix(".safetensors"))
        {
            try? FileManager.default.removeItem(at: url.appendingPathComponent(name))
        }
    }
}

/// A conversation as Markdown.
enum ChatMarkdown {
    static func text(_ record: ChatRecord) -> String {
        var out = "# A conversation with \(plain(record.model))\n"
        for turn in record.turns {
            for author in [Conversation.Author.user, .model] {
                let parts = turn.parts.filter { $0.author == author }
                guard !parts.isEmpty else { continue }
                out += "\n**\(author == .user ? "You" : "Model"):**"
                for part in parts {
                    if let text = part.text { out += " " + plain(text) }
                    if let image = part.image { out += "\n\n![](\(image))\n\n" }
                    if part.video == true { out += " (a video)" }
                }
                if author == .model, turn.ending == .cancelled { out += " *(interrupted)*" }
                out += "\n"
            }
        }
        return out.replacingOccurrences(of: "\n{3,}", with: "\n\n", options: .regularExpression)
    }

    /// Text in which nothing is markup.
    private static func plain(_ text: String) -> String {
        var out = ""
        for character in ModelText.safe(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
            if "\\`*_[]<>#!|&".contains(character) { out.append("\\") }
            out.append(character)
        }
        return out
    }
}
