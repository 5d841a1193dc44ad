import Foundation

/// JSON as the commands print it: one object, sorted keys, readable.
enum JSONOutput {
    /// - Parameter keepsKeys: whether keys stay as the type writes them, instead of becoming snake_case.
    static func string(_ value: some Encodable, keepsKeys: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        if !keepsKeys { encoder.keyEncodingStrategy = .convertToSnakeCase }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
