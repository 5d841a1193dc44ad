import Foundation
import Tensors

/// A question of a set, on images or videos that are read in their order.
public struct SetQuestion: Sendable, Equatable {
    /// What the list calls it: a text or a whole number.
    public enum ID: Sendable, Hashable, Codable, CustomStringConvertible {
        /// A text.
        case text(String)
        /// A whole number.
        case number(Int)

        /// As the list has it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        /// As the list has it.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }

        /// The text, or the number.
        public var description: String {
            switch self {
            case .text(let text): text
            case .number(let number): "\(number)"
            }
        }
    }

    /// What a question is about: a file, as the list names it, absolute or from the list's folder.
    public enum Source: Sendable, Hashable {
        /// A picture.
        case image(String)
        /// A video, of which frames are read.
        case video(String)

        /// The file.
        public var path: String {
            switch self {
            case .image(let path), .video(let path): path
            }
        }
    }

    /// What the list calls it, if anything.
    public var id: ID?
    /// What is seen: one or more.
    public var sources: [Source]
    /// Frames of each video; nil = the run's.
    public var frames: Int?
    /// What is asked.
    public var question: String
    /// Tokens of the answer at most; nil = the run's.
    public var maxTokens: Int?
    /// Where it stands, for messages.
    public var place: String

    /// Questions of a list at most.
    static let most = 10_000_000

    /// Whether a video is among what is seen.
    public var hasVideo: Bool { sources.contains { if case .video = $0 { true } else { false } } }

    /// Reads JSON lines with `image`, `images`, `video` or `videos`, with `question` or `questions`, and optionally `id`, `max_tokens` and, with a video, `frames`; other
    /// members are passed over.
    /// - Throws: ``SetError`` with the line.
    public static func read(_ file: ListFile) throws(SetError) -> [SetQuestion] {
        do throws(SetError) {
            return try readLines(file)
        } catch {
            guard case .list(let place, let reason) = error, let kind = ListKind(file), kind != .questions else {
                throw error
            }
            throw .list(place: place, reason: "\(reason); the list looks like \(kind.rawValue)")
        }
    }

    private static func readLines(_ file: ListFile) throws(SetError) -> [SetQuestion] {
        var questions: [SetQuestion] = []
        for line in try file.lines() {
            let place = file.place(line.number)
            let object = try file.object(line)
            func texts(_ one: String, _ several: String) throws(SetError) -> [String] {
                if object[one] != nil, object[several] != nil {
                    throw .list(place: place, reason: "it has both \"\(one)\" and \"\(several)\"")
                }
                guard let list = object[several] else { return [try object.text(one, at: place)] }
                guard case .array(let values) = list, !values.isEmpty else {
                    throw .list(place: place, reason: "\"\(several)\" must be a list of texts")
                }
                var texts: [String] = []
                for value in values {
                    guard case .string(let text) = value else {
                        throw .list(place: place, reason: "\"\(several)\" must be a list of texts")
                    }
                    texts.append(text)
                }
                return texts
            }
            let sees = (
                image: object["image"] != nil || object["images"] != nil,
                video: object["video"] != nil || object["videos"] != nil
            )
            guard !(sees.image && sees.video) else {
                throw .list(
                    place: place, reason: "it has an image and a video; ask about both with flashu ask --pieces")
            }
            let sources: [Source] =
                sees.video
                ? try texts("video", "videos").map { .video($0) } : try texts("image", "images").map { .image($0) }
            guard !sources.contains(where: { $0.path.isEmpty || $0.path.utf8.contains(0) }) else {
                throw .list(place: place, reason: "a file's name is empty, or holds a zero byte")
            }
            let frames = try object.optionalInteger("frames", in: 1...4096, at: place)
            guard frames == nil || sees.video else {
                throw .list(place: place, reason: "it has \"frames\" and no video")
            }
            let id: ID? =
                switch object["id"] {
                case nil, .null: nil
                case .string(let text): .text(text)
                case .integer(let number): .number(number)
                default: throw .list(place: place, reason: "\"id\" must be a text or a whole number")
                }
            let maxTokens = try object.optionalInteger("max_tokens", in: 1...30_000, at: place)
            for question in try texts("question", "questions") {
                questions.append(
                    SetQuestion(
                        id: id, sources: sources, frames: frames, question: question, maxTokens: maxTokens,
                        place: place))
            }
            guard questions.count <= most else { throw .list(place: place, reason: "the list is too long") }
        }
        guard !questions.isEmpty else { throw .list(place: file.name, reason: "it holds no questions") }
        return questions
    }
}
