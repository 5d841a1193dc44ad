/// Why a `tokenizer.json` can't be used. Every description is one line that says what to do.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file is missing, no regular file, too large or not readable.
    case unreadable(path: String, reason: String)
    /// The bytes are not JSON as RFC 8259 has it; `offset` is where, in bytes.
    case notJSON(offset: Int, reason: String)
    /// The file asks for something that this tokeniser doesn't do. `field` is a path such as `model.dropout`.
    case unsupported(field: String, found: String, supported: String)
    /// A field is missing, of the wrong type or contradicts another one.
    case invalid(field: String, reason: String)

    /// One line: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "cannot read the tokenizer \(Self.shortened(path)): \(reason)"
        case .notJSON(let offset, let reason):
            "tokenizer.json is not valid JSON at byte \(offset): \(reason); fetch the file again"
        case .unsupported(let field, let found, let supported):
            "tokenizer.json: \(field) is \(Self.shortened(found)), supported: \(supported); "
                + "use the tokenizer.json of a Qwen2.5 model"
        case .invalid(let field, let reason):
            "tokenizer.json: \(field) \(reason); fetch the file again"
        }
    }

    /// Text from the file made fit for one line of a message: control characters escaped, at most 200 characters.
    static func shortened(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if result.utf8.count > 200 { return result + "..." }
            if scalar.value < 0x20 || scalar.value == 0x7F || scalar.properties.generalCategory == .format {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
