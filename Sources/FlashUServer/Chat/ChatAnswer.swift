/// The answer of `POST /v1/chat/completions`, and the pieces of its stream.
struct ChatAnswer: Encodable, Sendable {
    /// Tokens.
    struct Usage: Encodable, Sendable {
        let prompt_tokens: Int
        let completion_tokens: Int
        let total_tokens: Int

        init(prompt: Int, completion: Int) {
            (prompt_tokens, completion_tokens, total_tokens) = (prompt, completion, prompt + completion)
        }
    }

    /// What is said: text, or an image in the form in which clients send them.
    enum Content: Encodable, Sendable {
        case text(String)
        case image(url: String)

        private struct Part: Encodable {
            struct Address: Encodable { let url: String }
            let type: String
            let image_url: Address
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .image(let url): try container.encode([Part(type: "image_url", image_url: .init(url: url))])
            }
        }
    }

    struct Message: Encodable, Sendable {
        var role: String?
        var content: Content?
    }

    struct Choice: Encodable, Sendable {
        let index = 0
        /// All of it; nil in a stream.
        var message: Message?
        /// What is new; nil outside of a stream.
        var delta: Message?
        /// `stop`, `length`, or null while it goes on.
        let finish_reason: String?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(index, forKey: .index)
            try container.encodeIfPresent(message, forKey: .message)
            try container.encodeIfPresent(delta, forKey: .delta)
            try container.encode(finish_reason, forKey: .finish_reason)
        }

        private enum CodingKeys: CodingKey { case index, message, delta, finish_reason }
    }

    /// What stays the same in all pieces of an answer.
    struct Head: Sendable {
        let id: String
        let created: Int
        let model: String
    }

    let id: String
    let object: String
    let created: Int
    let model: String
    let choices: [Choice]
    let usage: Usage?
    /// How it came by, where that is asked for.
    let trace: AnswerTrace?

    private init(
        _ head: Head, _ object: String, _ choices: [Choice], _ usage: Usage?, trace: AnswerTrace? = nil
    ) {
        (id, created, model) = (head.id, head.created, head.model)
        (self.object, self.choices, self.usage, self.trace) = (object, choices, usage, trace)
    }

    /// A whole answer.
    static func whole(
        _ head: Head, _ content: Content, finishReason: String, _ usage: Usage, trace: AnswerTrace? = nil
    ) -> ChatAnswer {
        ChatAnswer(
            head, "chat.completion",
            [Choice(message: Message(role: "assistant", content: content), finish_reason: finishReason)], usage,
            trace: trace)
    }

    /// A piece of a stream.
    static func piece(
        _ head: Head, _ delta: Message, finishReason: String? = nil, trace: AnswerTrace? = nil
    ) -> ChatAnswer {
        ChatAnswer(
            head, "chat.completion.chunk", [Choice(delta: delta, finish_reason: finishReason)], nil, trace: trace)
    }

    /// The last piece, which counts tokens.
    static func usage(_ head: Head, _ usage: Usage) -> ChatAnswer {
        ChatAnswer(head, "chat.completion.chunk", [], usage)
    }
}
