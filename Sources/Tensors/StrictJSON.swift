/// A JSON value, as far as the files that come with weights need it.
package enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction or exponent that fits 64 bits.
    case integer(Int)
    /// Any other number.
    case real(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object; keys in written order.
    case object(JSONObject)
}

/// The members of a JSON object, without duplicates.
package struct JSONObject: Sendable {
    /// Keys, in written order.
    package fileprivate(set) var keys: [String] = []
    fileprivate var values: [String: JSONValue] = [:]

    /// The member of that name.
    package subscript(key: String) -> JSONValue? { values[key] }
}

/// Where and why bytes are not JSON.
package struct JSONFault: Error, Sendable {
    /// Position of the first bad byte.
    package let offset: Int
    /// What is wrong there.
    package let reason: String
}

/// A strict JSON reader (RFC 8259) that also refuses what weight files must not have: duplicate names, deep nesting,
/// millions of values. Foundation's reader silently keeps one of two equal names.
package struct StrictJSON {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0
    private var valuesLeft: Int
    private let maxDepth: Int

    private init(_ bytes: UnsafeRawBufferPointer, maxDepth: Int, maxValues: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        valuesLeft = maxValues
    }

    /// Reads exactly one value, surrounded by nothing but white space.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, maxDepth: Int = 16, maxValues: Int = 4_000_000
    ) throws(JSONFault) -> JSONValue {
        var reader = StrictJSON(bytes, maxDepth: maxDepth, maxValues: maxValues)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.at == bytes.count else { throw reader.fault("something follows the end of the value") }
        return value
    }

    /// The same of bytes in an array.
    package static func parse(
        _ bytes: [UInt8], maxDepth: Int = 16, maxValues: Int = 4_000_000
    ) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONFault) in
            try parse(UnsafeRawBufferPointer(bytes), maxDepth: maxDepth, maxValues: maxValues)
        }
    }

    private func fault(_ reason: String) -> JSONFault { JSONFault(offset: at, reason: reason) }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        skipSpace()
        guard depth < maxDepth else { throw fault("nested more than \(maxDepth) levels deep") }
        guard valuesLeft > 0 else { throw fault("too many values") }
        valuesLeft -= 1
        switch peek {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw fault("it ends too early")
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        for i in 0..<word.utf8CodeUnitCount {
            guard take(word.utf8Start[i]) else { throw fault("an unknown word") }
        }
        return value
    }

    private mutating func object(depth: Int) throws(JSONFault) -> JSONObject {
        at += 1
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) { return object }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw fault("a name in quotes is expected") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fault("a colon is expected") }
            let member = try value(depth: depth + 1)
            guard object.values.updateValue(member, forKey: key) == nil else {
                throw fault("the name '\(key.printable)' appears twice")
            }
            object.keys.append(key)
            skipSpace()
            if take(UInt8(ascii: "}")) { return object }
            guard take(UInt8(ascii: ",")) else { throw fault("a comma or closing brace is expected") }
        }
    }

    private mutating func array(depth: Int) throws(JSONFault) -> [JSONValue] {
        at += 1
        var array: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return array }
        while true {
            array.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return array }
            guard take(UInt8(ascii: ",")) else { throw fault("a comma or closing bracket is expected") }
        }
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = at
        _ = take(UInt8(ascii: "-"))
        let whole = try digits()
        guard whole == 1 || bytes[at - whole] != UInt8(ascii: "0") else { throw fault("a number with a leading zero") }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            _ = try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            _ = try digits()
        }
        guard at - start <= 400 else { throw fault("a number of more than 400 characters") }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger, let integer = Int(text) { return .integer(integer) }
        guard let real = Double(text) else { throw fault("an unreadable number") }
        return .real(real)
    }

    private mutating func digits() throws(JSONFault) -> Int {
        let start = at
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        guard at > start else { throw fault("a digit is expected") }
        return at - start
    }

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let start = at
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        if peek == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<at], as: UTF8.self) else {
                throw fault("text is not UTF-8")
            }
            at += 1
            return text
        }
        var buffer = Array(bytes[start..<at])
        while true {
            guard let byte = peek else { throw fault("it ends inside a string") }
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: buffer, as: UTF8.self) else { throw fault("text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): buffer.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20: throw fault("a control character in a string")
            default: buffer.append(byte)
            }
        }
    }

    private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
        guard let byte = peek else { throw fault("it ends inside a string") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try hex4()
            if let scalar = Unicode.Scalar(first) { return scalar }
            guard first < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                throw fault("half a character")
            }
            let second = try hex4()
            guard (0xdc00...0xdfff).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
            else { throw fault("half a character") }
            return scalar
        default: throw fault("an unknown escape")
        }
    }

    private mutating func hex4() throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }
}
