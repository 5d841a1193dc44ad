/// A strict reader of JSON (RFC 8259) that hands out one value at a time, so that a vocabulary of 150,000 entries goes
/// from the file's bytes into its tables without a tree in between.
///
/// It accepts nothing beyond the standard, refuses lone surrogates and ill-formed UTF-8, and neither its stack nor its
/// memory grow with the depth of the file beyond `deepest`.
package struct JSONReader {
    /// Deepest nesting of arrays and objects.
    package static let deepest = 64

    let bytes: [UInt8]
    /// Where the next byte is read.
    package private(set) var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Goes to a place that was `position` at the start of a value.
    mutating func move(to position: Int) { self.position = position }

    func failure(_ reason: String) -> TokenizerError { .notJSON(offset: position, reason: reason) }

    // MARK: Bytes

    @inline(__always)
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    @inline(__always)
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8) throws(TokenizerError) {
        guard skip(byte) else { throw unexpected("'\(Character(Unicode.Scalar(byte)))'") }
    }

    private func unexpected(_ wanted: String) -> TokenizerError {
        failure(position < bytes.count ? "expected \(wanted)" : "expected \(wanted), but the file ends")
    }

    // MARK: Structure

    /// The next value's first byte, which tells its kind.
    package mutating func peek() throws(TokenizerError) -> UInt8 {
        skipWhitespace()
        guard let byte = current else { throw unexpected("a value") }
        return byte
    }

    /// Enters an object; its members come from `nextMember`.
    package mutating func openObject() throws(TokenizerError) { try expect(UInt8(ascii: "{")) }

    /// Enters an array; its elements come from `nextElement`.
    package mutating func openArray() throws(TokenizerError) { try expect(UInt8(ascii: "[")) }

    /// Reads the next member's key into `key`, after which its value must be read; false at the object's end.
    package mutating func nextMember(isFirst: Bool, key: inout [UInt8]) throws(TokenizerError) -> Bool {
        if skip(UInt8(ascii: "}")) {
            return false
        }
        if !isFirst { try expect(UInt8(ascii: ",")) }
        key.removeAll(keepingCapacity: true)
        try readString(appendingTo: &key)
        try expect(UInt8(ascii: ":"))
        return true
    }

    /// True when an element follows, which must then be read; false at the array's end.
    package mutating func nextElement(isFirst: Bool) throws(TokenizerError) -> Bool {
        if skip(UInt8(ascii: "]")) {
            return false
        }
        if !isFirst { try expect(UInt8(ascii: ",")) }
        return true
    }

    /// Makes sure that nothing follows the outermost value.
    package mutating func finish() throws(TokenizerError) {
        skipWhitespace()
        if position < bytes.count { throw failure("expected the end of the file") }
    }

    // MARK: Scalars

    /// Reads `true`, `false` or `null` (as nil).
    package mutating func readLiteral() throws(TokenizerError) -> Bool? {
        skipWhitespace()
        let literals: [(StaticString, Bool?)] = [("true", true), ("false", false), ("null", nil)]
        for (literal, value) in literals {
            let text = literal.description.utf8
            if bytes[position...].starts(with: text) {
                position += text.count
                return value
            }
        }
        throw unexpected("a value")
    }

    /// Reads an integer without fraction and exponent that fits 32 bits.
    package mutating func readInteger() throws(TokenizerError) -> Int32 {
        skipWhitespace()
        let start = position
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = position
        var value = 0
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
            value = min(value * 10 + Int(bytes[position] - 0x30), 1 << 40)
            position += 1
        }
        let isPlain = position > digits && (bytes[digits] != 0x30 || position == digits + 1)
        guard isPlain, current != UInt8(ascii: "."), current.map({ $0 | 0x20 }) != UInt8(ascii: "e"),
            let result = Int32(exactly: isNegative ? -value : value)
        else {
            position = start
            throw failure("expected an integer of 32 bits")
        }
        return result
    }

    /// Passes over a number of any size.
    package mutating func skipNumber() throws(TokenizerError) {
        skipWhitespace()
        if current == UInt8(ascii: "-") { position += 1 }
        let digits = position
        try skipDigits()
        if bytes[digits] == 0x30, position > digits + 1 { throw failure("a number with a leading zero") }
        if current == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if let exponent = current, exponent | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(TokenizerError) {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        if position == start { throw unexpected("a digit") }
    }

    // MARK: Strings

    /// Appends the UTF-8 of the next string.
    package mutating func readString(appendingTo result: inout [UInt8]) throws(TokenizerError) {
        try expect(UInt8(ascii: "\""))
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                try readEscape(appendingTo: &result)
            } else if byte < 0x20 {
                throw failure("a control character in a string")
            } else if byte < 0x80 {
                result.append(byte)
                position += 1
            } else {
                guard case .whole(let width) = UTF8Text.examine(bytes, at: position) else {
                    throw failure("ill-formed UTF-8 in a string")
                }
                for offset in 0..<width { result.append(bytes[position + offset]) }
                position += width
            }
        }
        throw unexpected("the end of a string")
    }

    private mutating func readEscape(appendingTo result: inout [UInt8]) throws(TokenizerError) {
        position += 1
        guard let byte = current else { throw unexpected("the rest of an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try readHexadecimal()
            if scalar & 0xFC00 == 0xD800 {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw failure("half of a surrogate pair") }
                position += 2
                let low = try readHexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw failure("half of a surrogate pair") }
                scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
            } else if scalar & 0xFC00 == 0xDC00 {
                throw failure("half of a surrogate pair")
            }
            UTF8Text.append(scalar, to: &result)
        default:
            position -= 1
            throw failure("an unknown escape")
        }
    }

    private mutating func readHexadecimal() throws(TokenizerError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw unexpected("four hexadecimal digits") }
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt32((byte | 0x20) - 0x61 + 10)
            default: throw failure("expected four hexadecimal digits")
            }
            position += 1
        }
        return value
    }
}
