import Foundation
import Tensors

/// A question of a set, on images that are read in their order.
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

    /// What the list calls it, if anything.
    public var id: ID?
    /// As the list names them: absolute, or from the list's folder.
    public var images: [String]
    /// What is asked.
    public var question: String
    /// Tokens of the answer at most; nil = the run's.
    public var maxTokens: Int?
    /// Where it stands, for messages.
    public var place: String

    /// Questions of a list at most.
    static let most = 10_000_000

    /// Reads JSON lines with `image` or `images`, `question` or `questions`, and optionally `id` and `max_tokens`; other members are passed over.
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
            guard object["video"] == nil || object["image"] != nil || object["images"] != nil else {
                throw .list(place: place, reason: "ask-set takes images; ask about a video with flashu ask")
            }
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
            let images = try texts("image", "images")
            guard !images.contains(where: { $0.isEmpty || $0.utf8.contains(0) }) else {
                throw .list(place: place, reason: "an image's name is empty, or holds a zero byte")
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
                    SetQuestion(id: id, images: images, question: question, maxTokens: maxTokens, place: place))
            }
            guard questions.count <= most else { throw .list(place: place, reason: "the list is too long") }
        }
        guard !questions.isEmpty else { throw .list(place: file.name, reason: "it holds no questions") }
        return questions
    }
}

/// Questions in groups that read the same images once, which are what shards share.
public struct QuestionSet: Sendable {
    /// In the list's order.
    public let questions: [SetQuestion]
    /// Places of questions on the same images with the same limit of tokens: at most 16, so that a list on one image can be shared too.
    package let groups: [[Int]]

    /// Groups a list.
    public init(_ questions: [SetQuestion]) {
        self.questions = questions
        struct Key: Hashable {
            let images: [String]
            let maxTokens: Int?
        }
        var open: [Key: Int] = [:]
        var groups: [[Int]] = []
        for (index, question) in questions.enumerated() {
            let key = Key(images: question.images, maxTokens: question.maxTokens)
            if let group = open[key], groups[group].count < 16 {
                groups[group].append(index)
            } else {
                open[key] = groups.count
                groups.append([index])
            }
        }
        self.groups = groups
    }

    /// The places of a shard's questions.
    public func indices(of shard: Shard) -> [Int] { groups(of: shard).flatMap(\.self).sorted() }

    package func groups(of shard: Shard) -> [[Int]] {
        groups.enumerated().filter { shard.takes($0.offset) }.map(\.element)
    }

    /// Sixteen hex digits for the list. The images' contents are no part of it.
    public var fingerprint: String {
        let text = questions.map { question in
            let own: [String] =
                [question.id.map { "\($0)" } ?? "-", question.question, question.maxTokens.map { "\($0)" } ?? "-"]
                + question.images
            return own.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
        }.joined(separator: "\n")
        return SHA256.hex(Data(text.utf8), digits: 16)
    }
}
