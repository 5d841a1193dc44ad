import Crypto
import Foundation

/// Names contents, so that equal ones are known again and others can't be made to pass for them.
enum ContentName {
    /// SHA-256, in hexadecimal.
    static func of(_ data: Data) -> String {
        SHA256.hash(data: data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
