/// A token that is found in the text before it is split into words, such as `<|im_end|>`.
struct AddedToken: Sendable {
    let id: Int32
    /// UTF-8, never empty.
    var content: [UInt8]
    /// Left out when decoding with `skippingSpecial`.
    let isSpecial: Bool
    /// Found in the normalised text rather than in the text as given.
    let isNormalized: Bool
    /// Takes the whitespace before it.
    let stripsLeft: Bool
    /// Takes the whitespace after it.
    let stripsRight: Bool
    /// Not found next to a letter, digit, mark or underscore.
    let isSingleWord: Bool

    /// Most bytes that the contents of all added tokens may have together; Qwen2.5's have 318.
    private static let largestContents = 4 << 20

    /// Reads the elements of `added_tokens`.
    static func list(_ value: JSONValue) throws(TokenizerError) -> [AddedToken] {
        if value.isNull { return [] }
        guard case .array(let elements) = value else {
            throw .invalid(field: "added_tokens", reason: "is \(value.summary) instead of an array")
        }
        var tokens: [AddedToken] = []
        for (index, element) in elements.enumerated() {
            tokens.append(try AddedToken(element, field: "added_tokens[\(index)]"))
        }
        guard tokens.reduce(0, { $0 + $1.content.count }) <= largestContents else {
            throw .invalid(field: "added_tokens", reason: "has more than \(largestContents >> 20) MiB of text")
        }
        return tokens
    }

    private init(_ value: JSONValue, field: String) throws(TokenizerError) {
        guard case .string(let content) = value["content"], !content.isEmpty else {
            throw .invalid(field: field + ".content", reason: "is no text")
        }
        guard case .number(let number) = value["id"], let id = Int32(number), id >= 0, id <= Vocabulary.largestID else {
            throw .invalid(field: field + ".id", reason: "is no integer in 0...\(Vocabulary.largestID)")
        }
        self.content = content
        self.id = id
        isSpecial = try Self.flag(value, "special", field)
        isNormalized = try Self.flag(value, "normalized", field)
        stripsLeft = try Self.flag(value, "lstrip", field)
        stripsRight = try Self.flag(value, "rstrip", field)
        isSingleWord = try Self.flag(value, "single_word", field)
    }

    private static func flag(_ value: JSONValue, _ name: String, _ field: String) throws(TokenizerError) -> Bool {
        guard case .boolean(let flag) = value[name] else {
            throw .invalid(field: "\(field).\(name)", reason: "is neither true nor false")
        }
        return flag
    }
}
