extension Tokenizer {
    /// The text of some ids. Bytes that are no UTF-8 become U+FFFD; ids that no token has are left out.
    ///
    /// - Parameters:
    ///   - ids: token ids.
    ///   - skippingSpecial: Leaves out added tokens marked `special`.
    public func decode(_ ids: some Sequence<Int>, skippingSpecial: Bool = true) -> String {
        var bytes: [UInt8] = []
        for id in ids { appendBytes(of: id, skippingSpecial: skippingSpecial, to: &bytes) }
        return String(decoding: UTF8Text.repaired(bytes), as: UTF8.self)
    }

    /// Appends the bytes that an id stands for.
    func appendBytes(of id: Int, skippingSpecial: Bool, to bytes: inout [UInt8]) {
        if let token = addedTokens[id] {
            if skippingSpecial, token.isSpecial { return }
            // Hugging Face's decoder reads the text of added tokens in the byte-level alphabet too, where it can.
            let start = bytes.count
            bytes += token.content
            _ = ByteLevelAlphabet.replaceName(in: &bytes, from: start)
        } else if let token = vocabulary.bytes(ofID: id) {
            bytes += token
        }
    }
}
