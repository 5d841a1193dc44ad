import Foundation

/// A question of ShapesBench: a line of `questions.jsonl`.
public struct ShapesQuestion: Sendable, Equatable, Codable {
    /// The image's path, relative to the folder of the set.
    public var image: String
    /// The kind of question, such as `color`: results are reported by it.
    public var task: String
    /// What to ask.
    public var question: String
    /// The one right answer.
    public var answer: String

    enum CodingKeys: String, CodingKey {
        case image, question, answer
        case task = "type"
    }

    /// A question.
    public init(image: String, task: String, question: String, answer: String) {
        self.image = image
        self.task = task
        self.question = question
        self.answer = answer
    }

    /// Whether an answer is right: the same text, white space around it apart.
    public func isAnswered(by text: String) -> Bool {
        let trimmed = { (text: String) in text.trimmingCharacters(in: .whitespacesAndNewlines) }
        return trimmed(text) == trimmed(answer)
    }
}
