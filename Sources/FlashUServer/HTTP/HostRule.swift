import HTTPTypes

/// Which names a server on a loopback address answers to. A page elsewhere can make its own name resolve to 127.0.0.1, and a browser then lets it
/// talk to whatever listens there; but it still sends that name.
struct HostRule: Sendable {
    private let names: Set<String>
    private let checksHost: Bool

    init(_ settings: ServerSettings) {
        checksHost = settings.isLoopback
        names = Set(
            (["localhost", "127.0.0.1", "::1", settings.host] + settings.hostNames).map { $0.lowercased() })
    }

    /// Refuses a request by a name that isn't ours, and one that another site's page sends.
    /// - Throws: ``APIError``.
    func check(_ head: HTTPRequest) throws(APIError) {
        let authority = head.authority ?? ""
        if checksHost {
            guard let name = HostName.name(of: authority), names.contains(name) else {
                throw .forbidden(
                    "this server does not answer to the host name in this request; start it with --allow-host NAME")
            }
        }
        // Sent by browsers only. There is no other origin that may call.
        if let origin = head.headerFields[.origin] {
            let own = ["http://", "https://"].contains { origin.lowercased() == $0 + authority.lowercased() }
            guard own else { throw .forbidden("pages of another origin may not call this server") }
        }
    }
}
