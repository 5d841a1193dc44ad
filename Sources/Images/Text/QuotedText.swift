/// Values in a line of `Key: value, Key: value`: plain where that is unambiguous, else JSON strings.
enum QuotedText {
    /// The text as it stands in such a line.
    static func quoted(_ text: String) -> String {
        isPlain(text) ? text : jsonString(text)
    }

    /// Whether the text needs no quotes: nothing in it ends a value or a key, opens a string or is lost by trimming.
    private static func isPlain(_ text: String) -> Bool {
        let special: Set<Unicode.Scalar> = [",", ":", "\"", "\\"]
        guard text.unicodeScalars.first != " ", text.unicodeScalars.last != " " else { return false }
        return text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && !special.contains($0) }
    }

    private static func jsonString(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Splits such a line into its pairs; nil if it is no such line.
    static func pairs(_ line: Substring) -> [(key: String, value: String)]? {
        var rest = line.unicodeScalars
        var pairs: [(key: String, value: String)] = []
        skipSpaces(&rest)
        while !rest.isEmpty {
            guard let key = token(&rest, endingAt: ":"), !key.isEmpty else { return nil }
            guard rest.popFirst() == ":" else { return nil }
            skipSpaces(&rest)
            guard let value = token(&rest, endingAt: ",") else { return nil }
            pairs.append((key, value))
            guard !rest.isEmpty else { break }
            guard rest.popFirst() == "," else { return nil }
            skipSpaces(&rest)
        }
        return pairs
    }

    /// A JSON string, or everything up to a delimiter, which is left in place.
    private static func token(
        _ rest: inout Substring.UnicodeScalarView, endingAt delimiter: Unicode.Scalar
    ) -> String? {
        if rest.first == "\"" { return unquoted(&rest) }
        let end = rest.firstIndex(of: delimiter) ?? rest.endIndex
        var text = rest[..<end]
        rest = rest[end...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private static func skipSpaces(_ rest: inout Substring.UnicodeScalarView) {
        while rest.first == " " { rest.removeFirst() }
    }

    /// Reads a JSON string and what blanks follow it; nil if it does not end or has an unknown escape.
    private static func unquoted(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var result = String.UnicodeScalarView()
        rest.removeFirst()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"":
                skipSpaces(&rest)
                return String(result)
            case "\\":
                guard let escaped = escape(&rest) else { return nil }
                result.append(escaped)
            default:
                result.append(scalar)
            }
        }
        return nil
    }

    /// What stands behind a backslash.
    private static func escape(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "u":
            guard let unit = hexadecimal(&rest) else { return nil }
            guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) }
            // A surrogate pair: two escapes make one character.
            guard rest.popFirst() == "\\", rest.popFirst() == "u", let low = hexadecimal(&rest), low & 0xFC00 == 0xDC00
            else { return nil }
            return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF))
        case let scalar? where scalar == "\"" || scalar == "\\" || scalar == "/": return scalar
        default: return nil
        }
    }

    private static func hexadecimal(_ rest: inout Substring.UnicodeScalarView) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = rest.popFirst().flatMap({ Character($0).hexDigitValue }) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
