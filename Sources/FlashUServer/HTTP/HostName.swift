/// Names of hosts as requests and settings have them.
package enum HostName {
    /// Whether an address is one that only this machine reaches.
    package static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if ["localhost", "::1", "[::1]"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The name without port and brackets, in small letters; nil for what is none.
    package static func name(of authority: String) -> String? {
        // Byte by byte: a sign that is combined with a colon is no other letter here.
        let bytes = Array(authority.lowercased().utf8)
        let name: ArraySlice<UInt8>
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = bytes[1..<end]
        } else {
            name = bytes.prefix { $0 != UInt8(ascii: ":") }
        }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}
