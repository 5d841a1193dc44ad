/// A line of the file of answers.
public struct SetAnswer: Sendable, Equatable, Codable {
    /// The question's place in the list, from 0; lines with several questions count as several.
    public var index: Int
    /// What the list calls it.
    public var id: SetQuestion.ID?
    /// What was asked.
    public var question: String
    /// The answer; nil if there was an error.
    public var answer: String?
    /// Tokens of the answer.
    public var tokens: Int?
    /// Whether it ended by itself, not by the limit of tokens.
    public var finished: Bool?
    /// Why there is no answer.
    public var error: String?

    /// A line.
    package init(
        index: Int, id: SetQuestion.ID? = nil, question: String, answer: String? = nil, tokens: Int? = nil,
        finished: Bool? = nil, error: String? = nil
    ) {
        (self.index, self.id, self.question, self.answer) = (index, id, question, answer)
        (self.tokens, self.finished, self.error) = (tokens, finished, error)
    }

    /// Whether one of two lines on the same question is the better one: an answer before an error, else the later one.
    func isBetter(than other: SetAnswer) -> Bool { error == nil || other.error != nil }
}
