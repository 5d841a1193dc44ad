import Tensors

/// The fields of a request, read with their types; what is wrong is told with its path, such as `messages[0].content`.
///
/// A field that is `null` counts as left out. Fields that nobody asks for are ignored, as OpenAI's own server and most others do.
package struct Fields {
    private let object: JSONObject
    private let path: String

    init(_ object: JSONObject, path: String) { (self.object, self.path) = (object, path) }

    /// A field's whole path.
    func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// The value as it is; nil for none and for null.
    subscript(name: String) -> JSONValue? {
        guard let value = object[name] else { return nil }
        if case .null = value { return nil }
        return value
    }

    package func string(_ name: String) throws(APIError) -> String? {
        switch self[name] {
        case nil: return nil
        case .string(let text):
            // Images could not keep it among their settings, and nobody means it.
            guard !text.utf8.contains(0) else {
                throw .invalid(path(name), "\(path(name)) must hold no NUL character")
            }
            return text
        default: throw wrong(name, "a string")
        }
    }

    /// A text; nil for an empty one, too.
    func filled(_ name: String) throws(APIError) -> String? {
        guard let text = try string(name), !text.isEmpty else { return nil }
        return text
    }

    func bool(_ name: String) throws(APIError) -> Bool? {
        switch self[name] {
        case nil: return nil
        case .bool(let value): return value
        default: throw wrong(name, "true or false")
        }
    }

    package func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        let value: Int
        switch self[name] {
        case nil: return nil
        case .integer(let number): value = number
        case .real(let number):
            // 5.0, as some clients write whole numbers.
            guard let whole = Int(exactly: number) else { throw wrong(name, Self.words(range)) }
            value = whole
        default: throw wrong(name, Self.words(range))
        }
        guard range.contains(value) else { throw wrong(name, Self.words(range)) }
        return value
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        let value: Double
        switch self[name] {
        case nil: return nil
        case .integer(let number): value = Double(number)
        case .real(let number): value = number
        default: throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        guard range.contains(value) else {
            throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func object(_ name: String) throws(APIError) -> Fields? {
        switch self[name] {
        case nil: return nil
        case .object(let object): return Fields(object, path: path(name))
        default: throw wrong(name, "an object")
        }
    }

    func array(_ name: String) throws(APIError) -> [JSONValue]? {
        switch self[name] {
        case nil: return nil
        case .array(let values): return values
        default: throw wrong(name, "a list")
        }
    }

    /// One of some words.
    func word(_ name: String, of words: [String]) throws(APIError) -> String? {
        guard let word = try string(name) else { return nil }
        guard words.contains(word) else {
            throw .invalid(path(name), "\(path(name)) must be \(words.joined(separator: ", "))")
        }
        return word
    }

    /// The seed: any whole number, negative ones mean none; they are random, as a missing one.
    func seed(_ name: String = "seed") throws(APIError) -> UInt64? {
        guard let value = try integer(name, in: Int.min...Int.max) else { return nil }
        return value < 0 ? nil : UInt64(value)
    }

    private func wrong(_ name: String, _ expected: String) -> APIError {
        .invalid(path(name), "\(path(name)) must be \(expected)")
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == Int.min
            ? "a whole number" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}
