extension JSONReader {
    /// Passes over the next value, whatever it is, checking all of it.
    package mutating func skipValue() throws(TokenizerError) {
        /// True for every open object, false for every open array.
        var open: [Bool] = []
        var scratch: [UInt8] = []
        var isFirst = false
        repeat {
            if let isObject = open.last {
                let hasMore =
                    isObject
                    ? try nextMember(isFirst: isFirst, key: &scratch) : try nextElement(isFirst: isFirst)
                isFirst = false
                guard hasMore else {
                    open.removeLast()
                    continue
                }
            }
            switch try peek() {
            case UInt8(ascii: "{"):
                try openObject()
                open.append(true)
                isFirst = true
            case UInt8(ascii: "["):
                try openArray()
                open.append(false)
                isFirst = true
            case UInt8(ascii: "\""):
                scratch.removeAll(keepingCapacity: true)
                try readString(appendingTo: &scratch)
            case UInt8(ascii: "-"), 0x30...0x39: try skipNumber()
            default: _ = try readLiteral()
            }
            if open.count > Self.deepest { throw failure("nested deeper than \(Self.deepest) levels") }
        } while !open.isEmpty
    }

    /// Reads the next value as a tree; for the small parts of a file.
    ///
    /// - Parameter budget: How many values the trees may still have, which bounds their memory.
    mutating func readValue(budget: inout Int, depth: Int = 0) throws(TokenizerError) -> JSONValue {
        guard depth <= Self.deepest else { throw failure("nested deeper than \(Self.deepest) levels") }
        budget -= 1
        guard budget >= 0 else { throw failure("too many values outside the vocabulary") }
        switch try peek() {
        case UInt8(ascii: "{"):
            try openObject()
            var members: [JSONValue.Member] = []
            var key: [UInt8] = []
            while try nextMember(isFirst: members.isEmpty, key: &key) {
                guard members.count < 64 else {
                    throw failure("an object with more than 64 members outside the vocabulary")
                }
                if members.contains(where: { $0.key == key }) {
                    throw failure("the key \(String(decoding: key, as: UTF8.self)) appears twice")
                }
                members.append(.init(key: key, value: try readValue(budget: &budget, depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            try openArray()
            var elements: [JSONValue] = []
            while try nextElement(isFirst: elements.isEmpty) {
                elements.append(try readValue(budget: &budget, depth: depth + 1))
            }
            return .array(elements)
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try readString(appendingTo: &text)
            return .string(text)
        case UInt8(ascii: "-"), 0x30...0x39:
            let start = position
            try skipNumber()
            return .number(String(decoding: bytes[start..<position], as: UTF8.self))
        default:
            guard let value = try readLiteral() else { return .null }
            return .boolean(value)
        }
    }
}

/// A JSON value as a tree. Strings stay UTF-8: `String` takes canonically equivalent ones for equal.
indirect enum JSONValue {
    struct Member {
        let key: [UInt8]
        let value: JSONValue
    }

    case null
    case boolean(Bool)
    case number(String)
    case string([UInt8])
    case array([JSONValue])
    case object([Member])

    /// A member of an object; nil when there is none, or no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.elementsEqual(name.utf8) }?.value
    }

    var isNull: Bool { if case .null = self { true } else { false } }

    /// The text of a string.
    var text: String? {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// For error messages: what it is, shortly.
    var summary: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let text): text
        case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        case .array: "an array"
        case .object: self["type"]?.text.map { "an object of type \"\($0)\"" } ?? "an object"
        }
    }
}
