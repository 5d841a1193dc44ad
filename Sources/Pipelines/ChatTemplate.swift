import ShowO2
import Tokenizers

/// The official prompt around an image and a question (`inference_mmu.py`), or nothing.
struct ChatTemplate {
    /// Which of them.
    var kind = Conversation.Template.chatML
    let special: SpecialTokens
    let tokenizer: Tokenizer?

    /// `[bos] system ... user`, up to but without `[boi]`. The pieces are tokenised one by one, as the official code does.
    func prefix() throws -> [Int] {
        if kind == .plain { return [special.beginOfSequence] }
        return [special.beginOfSequence]
            + (try encode("system\nYou are a helpful assistant.<|im_end|>"))
            + (try encode("\n<|im_start|>user\n"))
    }

    /// The tokens after `[eoi]`: the question, in which special tokens are plain text, and the assistant's turn.
    func question(_ text: String) throws -> [Int] {
        guard let tokenizer else { throw Self.missing }
        return tokenizer.encode(text, special: .asText) + (try assistant())
    }

    /// The beginning of the assistant's turn.
    func assistant() throws -> [Int] { kind == .plain ? [] : try encode("\n<|im_start|>assistant\n") }

    /// What stands between an answer and what the user says next.
    /// - Parameter ended: whether the answer has ended itself.
    func next(ended: Bool) throws -> [Int] {
        kind == .plain ? [] : (ended ? [] : [special.endOfSequence]) + (try encode("\n<|im_start|>user\n"))
    }

    private func encode(_ text: String) throws -> [Int] {
        guard let tokenizer else { throw Self.missing }
        return tokenizer.encode(text)
    }

    private static let missing = ModelError.missing(
        "the model folder has no tokenizer.json; give token ids instead of text")
}
