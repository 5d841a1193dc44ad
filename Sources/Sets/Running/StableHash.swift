import Crypto
import Foundation

/// SHA-256 of texts: for names and seeds that must be the same on every machine, and that others must be able to compute too.
enum StableHash {
    /// The 32 bytes of the digest of a text's UTF-8.
    static func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    /// The digest's first `digits` hex digits.
    static func hex(_ text: String, digits: Int) -> String {
        let hex = digest(text).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return String(hex.prefix(digits))
    }
}
