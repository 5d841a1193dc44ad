package import Foundation

/// The bytes in an address that is its own contents: `data:image/png;base64,...`.
package enum DataURL {
    /// Whether an address is one.
    package static func isOne(_ url: String) -> Bool {
        url.utf8.begin(with: "data:")
    }

    /// The contents. What the address says about their kind is not believed; the bytes tell.
    ///
    /// - Parameter param: the field that holds it.
    /// - Throws: ``APIError``.
    package static func data(_ url: String, param: String) throws(APIError) -> Data {
        let head = url.utf8.prefix(200)
        guard let comma = head.firstIndex(of: UInt8(ascii: ",")) else {
            throw .invalid(param, "\(param) must be data:TYPE;base64,CONTENTS", code: "invalid_data_url")
        }
        let kind = String(decoding: url.utf8[..<comma], as: UTF8.self).lowercased()
        guard kind.hasSuffix(";base64") else {
            throw .invalid(param, "\(param) must be encoded in base64", code: "invalid_data_url")
        }
        let start = url.utf8.index(after: comma)
        guard let data = Data(base64Encoded: Data(url.utf8[start...])), !data.isEmpty else {
            throw .invalid(param, "\(param) holds no base64", code: "invalid_base64")
        }
        return data
    }
}
