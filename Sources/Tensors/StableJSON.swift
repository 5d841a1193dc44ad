package import Foundation

/// JSON as files keep it: keys sorted, so that the same value always gives the same bytes.
package enum StableJSON {
    /// - Parameter isPretty: over several lines, for files that people read.
    /// - Throws: `EncodingError`, as for numbers that are not finite.
    package static func data(_ value: some Encodable, isPretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return try encoder.encode(value)
    }

    /// One line of a file of JSON lines, its end included.
    package static func line(_ value: some Encodable) throws -> Data { try data(value) + Data("\n".utf8) }
}
