import Tensors

/// Reads the JSON objects that requests are.
package enum JSONBody {
    /// Levels of nesting at most; a conversation has six.
    static let maxDepth = 24
    /// Values at most.
    static let maxValues = 200_000

    /// The object that a body holds.
    /// - Throws: ``APIError``.
    package static func fields(_ bytes: [UInt8]) throws(APIError) -> Fields {
        let value: JSONValue
        do throws(JSONFault) {
            value = try StrictJSON.parse(bytes, maxDepth: maxDepth, maxValues: maxValues)
        } catch {
            throw .invalid(nil, "the body is not JSON: \(error.reason) (at byte \(error.offset))", code: "invalid_json")
        }
        guard case .object(let object) = value else { throw .invalid(nil, "the body must be a JSON object") }
        return Fields(object, path: "")
    }
}
