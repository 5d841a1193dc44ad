import Tensors

/// Hosts from which pictures and videos may be fetched.
///
/// An entry is a host's name, with `http://` before it where that is meant (`https://` is, if nothing is said) and a port behind it where that isn't the
/// usual one: `images.example.org`, `*.example.org` (every name that ends so, not that name itself), `http://cameras.example.org:8081`.
public struct RemoteHosts: Sendable {
    private struct Entry: Sendable {
        let scheme: RemoteURL.Scheme
        /// What the name ends in, the dot included, or the whole name.
        let name: String
        let isEnding: Bool
        let port: Int
    }

    private let entries: [Entry]

    /// No hosts: nothing is fetched.
    public init() { entries = [] }

    /// Why a list can't be used.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        /// In words.
        public let reason: String
        /// The same.
        public var description: String { reason }
    }

    /// The hosts that some entries name.
    ///
    /// - Throws: ``Fault``, for an entry that names none.
    public init(_ entries: [String]) throws(Fault) {
        var read: [Entry] = []
        for entry in entries { read.append(try Self.entry(entry)) }
        self.entries = read
    }

    private static func entry(_ text: String) throws(Fault) -> Entry {
        let example = "give a host such as images.example.org, *.example.org or http://images.example.org:8081"
        let fault = Fault(reason: "\(text.printable(atMost: 200)) names no host; \(example)")
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw fault }
        var rest = Substring(text)
        var scheme = RemoteURL.Scheme.https
        if text.utf8.begin(with: "https://") {
            rest = rest.dropFirst(8)
        } else if text.utf8.begin(with: "http://") {
            (scheme, rest) = (.http, rest.dropFirst(7))
        }
        let isEnding = rest.hasPrefix("*.")
        guard let (host, port) = RemoteURL.hostAndPort(String(isEnding ? rest.dropFirst(2) : rest)) else { throw fault }
        // Below *.org there is no one who answers for all.
        guard !isEnding || (host.contains(".") && IPAddress(host) == nil) else { throw fault }
        return Entry(
            scheme: scheme, name: isEnding ? "." + host : host, isEnding: isEnding, port: port ?? scheme.usualPort)
    }

    /// Whether nothing may be fetched.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether an address may be fetched, as far as its host goes.
    package func allow(_ url: RemoteURL) -> Bool {
        entries.contains { entry in
            entry.scheme == url.scheme && entry.port == url.port
                && (entry.isEnding ? url.host.hasSuffix(entry.name) : url.host == entry.name)
        }
    }
}
