/// What a file's `pre_tokenizer` asks for.
struct Splitting: Sendable {
    let pattern: SplitPattern
    /// A space is put before text that doesn't start with one.
    let addsPrefixSpace: Bool

    init(pattern: SplitPattern, addsPrefixSpace: Bool) {
        self.pattern = pattern
        self.addsPrefixSpace = addsPrefixSpace
    }

    /// A `ByteLevel` alone, or a `Sequence` of at most one `Split` and then a `ByteLevel`.
    init(_ value: JSONValue) throws(TokenizerError) {
        var parts = [value]
        if value["type"]?.text == "Sequence", case .array(let elements) = value["pretokenizers"] { parts = elements }
        guard let last = parts.last, last["type"]?.text == "ByteLevel", parts.count <= 2 else {
            throw .unsupported(
                field: "pre_tokenizer", found: value.summary, supported: "ByteLevel, or a Split and then ByteLevel")
        }
        let usesPattern = try Self.flag(last, "use_regex", otherwise: true)
        addsPrefixSpace = try Self.flag(last, "add_prefix_space", otherwise: nil)
        _ = try Self.flag(last, "trim_offsets", otherwise: true)  // There are no offsets here.
        if parts.count == 1 {
            pattern = usesPattern ? .gpt2 : .none
            return
        }
        pattern = try Self.pattern(ofSplit: parts[0])
        if usesPattern {
            throw .unsupported(field: "pre_tokenizer.use_regex", found: "true", supported: "false after a Split")
        }
        if addsPrefixSpace {
            throw .unsupported(field: "pre_tokenizer.add_prefix_space", found: "true", supported: "false after a Split")
        }
    }

    private static func pattern(ofSplit split: JSONValue) throws(TokenizerError) -> SplitPattern {
        guard split["type"]?.text == "Split", let pattern = split["pattern"] else {
            throw .unsupported(field: "pre_tokenizer", found: split.summary, supported: "a Split before ByteLevel")
        }
        guard case .string(let source) = pattern["Regex"], let known = SplitPattern(pattern: source) else {
            throw .unsupported(
                field: "pre_tokenizer.pattern",
                found: (pattern["Regex"] ?? pattern["String"] ?? pattern).summary,
                supported: "the regular expressions of Qwen2, Llama 3 and GPT-2")
        }
        // The patterns match every scalar, so keeping the matches and cutting the text at them come to the same.
        let inverts = try flag(split, "invert", otherwise: nil)
        switch (split["behavior"]?.text, inverts) {
        case ("Isolated", false), ("Removed", true): return known
        default:
            throw .unsupported(
                field: "pre_tokenizer.behavior",
                found: "\(split["behavior"]?.summary ?? "missing") with invert \(inverts)",
                supported: "\"Isolated\" with invert false")
        }
    }

    private static func flag(
        _ value: JSONValue, _ name: String, otherwise: Bool?
    ) throws(TokenizerError) -> Bool {
        if case .boolean(let flag) = value[name] { return flag }
        guard case .none = value[name], let otherwise else {
            throw .invalid(field: "pre_tokenizer.\(name)", reason: "is neither true nor false")
        }
        return otherwise
    }
}
