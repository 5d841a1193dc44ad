/// The regular expressions that byte-level tokenisers split text with before merging, those that `WordSplitter` knows.
package enum SplitPattern: Sendable, Equatable {
    /// No splitting: the whole text is one word.
    case none
    /// GPT-2's, which is also what a `ByteLevel` pre-tokeniser with `use_regex` does.
    case gpt2
    /// Qwen2's, at most one digit a word; with three it is Llama 3's.
    case qwen2(digits: Int)

    /// Recognises a pattern by its text.
    init?(pattern: [UInt8]) {
        let known: [(String, SplitPattern)] = [
            (Self.qwen2Source(number: #"\p{N}"#), .qwen2(digits: 1)),
            (Self.qwen2Source(number: #"\p{N}{1,3}"#), .qwen2(digits: 3)),
            (#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
        ]
        guard let match = known.first(where: { $0.0.utf8.elementsEqual(pattern) }) else { return nil }
        self = match.1
    }

    private static func qwen2Source(number: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
}
