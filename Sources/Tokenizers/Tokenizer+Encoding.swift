extension Tokenizer {
    /// What becomes of the text of added tokens (`<|im_end|>`, `<image>`) within a text that is encoded.
    public enum SpecialTokens: Sendable {
        /// They become their ids: for templates.
        case recognise
        /// They stay text like any other, and no id of an added token comes out (but for one that is the token of a
        /// single byte): for what a user typed, so that a prompt can't end its own turn.
        case asText
    }

    /// The ids of a text; empty for an empty one.
    ///
    /// Takes O(n log n) for n bytes at worst (one endless word), O(n) for ordinary text.
    public func encode(_ text: String, special: SpecialTokens = .recognise) -> [Int] {
        encode(valid: Array(text.utf8), special)
    }

    /// The ids of text in UTF-8, where every ill-formed part counts as U+FFFD, one for each longest valid beginning of
    /// a character (as Python's `errors="replace"`).
    public func encode(utf8 bytes: some Sequence<UInt8>, special: SpecialTokens = .recognise) -> [Int] {
        encode(valid: UTF8Text.repaired(Array(bytes)), special)
    }

    private func encode(valid bytes: [UInt8], _ special: SpecialTokens) -> [Int] {
        var ids: [Int] = []
        var merger = WordMerger()
        encode(valid: bytes, special, with: &merger, into: &ids)
        return ids
    }

    /// Encodes with a merger of the caller's, whose counters then tell the cost.
    package func encode(
        valid bytes: [UInt8], _ special: SpecialTokens, with merger: inout WordMerger, into ids: inout [Int]
    ) {
        guard special == .recognise else {
            encodeWords(normalized(bytes), &merger, &ids)
            return
        }
        // Added tokens are looked for in the text as given, the remaining ones in the normalised text between them.
        eachPiece(of: bytes, givenTextMatcher, &ids) { text, ids in
            let text = normalized(text)
            guard let normalizedTextMatcher else {
                encodeWords(text, &merger, &ids)
                return
            }
            eachPiece(of: text, normalizedTextMatcher, &ids) { encodeWords($0, &merger, &$1) }
        }
    }

    /// Appends the ids of the added tokens in a text, and calls `body` with the text between them.
    private func eachPiece(
        of bytes: [UInt8], _ matcher: AddedTokenMatcher, _ ids: inout [Int], _ body: ([UInt8], inout [Int]) -> Void
    ) {
        for piece in matcher.pieces(of: bytes) {
            if let id = piece.id {
                ids.append(Int(id))
            } else if piece.range == bytes.indices {
                body(bytes, &ids)
            } else {
                body(Array(bytes[piece.range]), &ids)
            }
        }
    }

    private func normalized(_ bytes: [UInt8]) -> [UInt8] {
        normalizes ? CanonicalComposition.shared.normalized(bytes) : bytes
    }

    /// Splits text without added tokens into words and merges each.
    private func encodeWords(_ text: [UInt8], _ merger: inout WordMerger, _ ids: inout [Int]) {
        let space = UInt8(ascii: " ")
        let needsSpace = addsPrefixSpace && !text.isEmpty && text.first != space
        let bytes = needsSpace ? [space] + text : text
        var start = 0
        while start < bytes.count {
            let end = splitter.wordEnd(in: bytes, from: start, to: bytes.count)
            if ignoresMerges, let id = vocabulary.id(ofBytes: bytes, start..<end), !reservedIDs.contains(id) {
                ids.append(Int(id))
                start = end
                continue
            }
            while start < end {
                let partEnd = min(end, start + WordMerger.longestWord)
                merger.merge(bytes, start..<partEnd, byteIDs: byteIDs, merges: merges, into: &ids)
                start = partEnd
            }
        }
    }
}
