/// An address of the web, read strictly: what another program could read in another way is refused.
package struct RemoteURL: Hashable, Sendable {
    /// `http` or `https`.
    package enum Scheme: String, Sendable {
        case http, https

        var usualPort: Int { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// In small letters; of an IPv6 address without brackets.
    package let host: String
    package let port: Int
    /// Path and query, never empty.
    package let target: String

    /// Why a text is no address that can be fetched.
    package struct Fault: Error {
        /// In words, to stand behind the field's name.
        let reason: String
    }

    /// Bytes at most.
    static let longest = 8192

    /// - Throws: ``Fault``.
    package init(_ text: String) throws(Fault) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest else { throw Fault(reason: "is longer than \(Self.longest) bytes") }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && !Self.never.contains($0) }) else {
            throw Fault(reason: "holds a blank or a character that must be percent-encoded")
        }
        let rest: ArraySlice<UInt8>
        if text.utf8.begin(with: "https://") {
            (scheme, rest) = (.https, bytes.dropFirst(8))
        } else if text.utf8.begin(with: "http://") {
            (scheme, rest) = (.http, bytes.dropFirst(7))
        } else {
            throw Fault(reason: "must begin with https:// or data:")
        }
        let authority = rest.prefix { !Self.ends.contains($0) }
        guard !authority.contains(UInt8(ascii: "@")) else { throw Fault(reason: "must hold no user name or password") }
        guard let (host, port) = Self.hostAndPort(String(decoding: authority, as: UTF8.self)) else {
            throw Fault(reason: "has no host name, or one that is none")
        }
        (self.host, self.port) = (host, port ?? scheme.usualPort)
        let path = rest[authority.endIndex...].prefix { $0 != UInt8(ascii: "#") }
        let written = String(decoding: path, as: UTF8.self)
        target = written.utf8.first == UInt8(ascii: "/") ? written : "/" + written
    }

    /// The address as it is asked for.
    package var text: String { "\(scheme.rawValue)://\(authority)\(target)" }

    private var authority: String {
        (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + (port == scheme.usualPort ? "" : ":\(port)")
    }

    private static let ends = Set("/?#".utf8)
    private static let never = Set("\\\"<>^`{|}".utf8)

    /// A host with a port behind it, if there is one.
    static func hostAndPort(_ text: String) -> (host: String, port: Int?)? {
        let text = text.lowercased()
        var host = text.prefix { $0 != ":" }
        var behind = text[host.endIndex...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), let address = IPAddress(String(text[..<end].dropFirst())),
                address.bytes.count == 16
            else { return nil }
            // One form of many.
            host = Substring(address.description)
            behind = text[text.index(after: end)...]
        } else {
            guard isName(host) else { return nil }
        }
        guard !behind.isEmpty else { return (String(host), nil) }
        let digits = behind.dropFirst()
        guard behind.hasPrefix(":"), (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(digits), (1...65_535).contains(port)
        else { return nil }
        return (String(host), port)
    }

    /// Whether a text in small letters is a host's name, or an IPv4 address.
    static func isName(_ text: Substring) -> Bool {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        return text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(allowed.contains)
            }
    }
}
