package import ShowO2
package import Tokenizers

/// The official prompt around an image and a question (`inference_mmu.py`), or nothing.
package struct ChatTemplate: Sendable {
    /// Which of them.
    private let kind: Conversation.Template
    private let special: SpecialTokens
    private let tokenizer: Tokenizer?

    /// - Parameter tokenizer: nil where there is none, which the plain template needs for questions only.
    package init(kind: Conversation.Template = .chatML, special: SpecialTokens, tokenizer: Tokenizer?) {
        (self.kind, self.special, self.tokenizer) = (kind, special, tokenizer)
    }

    /// `[bos] system ... user`, up to but without `[boi]`. The pieces are tokenised one by one, as the official code does.
    ///
    /// - Parameter system: what the model is told to be, in which special tokens are plain text; nil = the official text.
    package func prefix(system: String? = nil) throws -> [Int] {
        if kind == .plain { return [special.beginOfSequence] }
        let opening =
            try system.map { try encode("system\n") + encode($0, special: .asText) + encode("<|im_end|>") }
            ?? encode("system\nYou are a helpful assistant.<|im_end|>")
        return [special.beginOfSequence] + opening + (try encode("\n<|im_start|>user\n"))
    }

    /// The tokens after `[eoi]`: the question, in which special tokens are plain text, and the assistant's turn.
    func question(_ text: String) throws -> [Int] {
        try encode(text, special: .asText) + assistant()
    }

    /// The beginning of the assistant's turn.
    package func assistant() throws -> [Int] { kind == .plain ? [] : try encode("\n<|im_start|>assistant\n") }

    /// What stands between an answer and what the user says next.
    /// - Parameter ended: whether the answer has ended itself.
    package func next(ended: Bool) throws -> [Int] {
        kind == .plain ? [] : (ended ? [] : [special.endOfSequence]) + (try encode("\n<|im_start|>user\n"))
    }

    private func encode(_ text: String, special: Tokenizer.SpecialTokens = .recognise) throws -> [Int] {
        guard let tokenizer else { throw Self.missing }
        return tokenizer.encode(text, special: special)
    }

    private static let missing = ModelError.missing(
        "the model folder has no tokenizer.json; give token ids instead of text")
}
