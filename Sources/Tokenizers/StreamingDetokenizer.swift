/// Turns ids into text one at a time, as a model produces them.
///
/// What it returns, joined, is `Tokenizer.decode` of all ids; no piece has half a character.
///
///     var detokenizer = StreamingDetokenizer(tokenizer)
///     for id in ids { print(detokenizer.append(id), terminator: "") }
///     print(detokenizer.finish())
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skippingSpecial: Bool
    /// The beginning of a character whose end hasn't come yet: at most three bytes.
    private var pending: [UInt8] = []

    /// Starts with an empty text.
    ///
    /// - Parameters:
    ///   - tokenizer: whose tokens they are.
    ///   - skippingSpecial: Leaves out added tokens marked `special`.
    public init(_ tokenizer: Tokenizer, skippingSpecial: Bool = true) {
        self.tokenizer = tokenizer
        self.skippingSpecial = skippingSpecial
    }

    /// Takes the next id and returns the text that is complete with it, which may be empty.
    public mutating func append(_ id: Int) -> String {
        tokenizer.appendBytes(of: id, skippingSpecial: skippingSpecial, to: &pending)
        let complete = pending.count - UTF8Text.unfinishedSuffix(of: pending)
        let text = String(decoding: UTF8Text.repaired(Array(pending[..<complete])), as: UTF8.self)
        pending.removeFirst(complete)
        return text
    }

    /// Ends the text: U+FFFD if a character was left unfinished, else nothing. The detokeniser can then start anew.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: UTF8Text.repaired(pending), as: UTF8.self)
    }
}
