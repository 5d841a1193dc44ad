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
        let authority = authority.lowercased()
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            return String(authority[authority.index(after: authority.startIndex)..<end])
        }
        let name = authority.prefix { $0 != ":" }
        return name.isEmpty ? nil : String(name)
    }
}
