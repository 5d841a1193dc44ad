import Foundation
import Synchronization

/// How the server reaches other hosts. Tests put their own rules here; there is no setting for it.
package struct NetworkAccess: Sendable {
    /// The addresses of a host's name, in the order in which they are tried.
    package var resolve: @Sendable (_ host: String) async throws -> [IPAddress] = { try await Self.systemAddresses($0) }
    /// Whether an address may be connected to.
    package var isAllowed: @Sendable (IPAddress) -> Bool = { $0.isPublic }
    /// A file of certificates that are trusted, PEM; nil = the system's.
    package var trustedRoots: String?

    /// The system's names, the public internet.
    package init() {}

    /// A name that has no address, or whose addresses could not be found out.
    struct UnknownHost: Error {}

    /// Too many names are being looked up.
    struct Busy: Error {}

    /// Names that are being looked up, those that nobody waits for any more among them.
    private static let lookups = Mutex(0)
    private static let mostLookups = 64

    /// What the system knows of a name. Who is cancelled does not wait for it.
    private static func systemAddresses(_ host: String) async throws -> [IPAddress] {
        let hasRoom = lookups.withLock { count in
            guard count < mostLookups else { return false }
            count += 1
            return true
        }
        guard hasRoom else { throw Busy() }
        let (answers, continuation) = AsyncThrowingStream.makeStream(of: [IPAddress].self)
        // The system's call blocks, for as long as it likes.
        Thread.detachNewThread {
            defer { lookups.withLock { $0 -= 1 } }
            continuation.yield(with: Result { try blockingAddresses(host) })
            continuation.finish()
        }
        for try await addresses in answers { return addresses }
        throw CancellationError()
    }

    private static func blockingAddresses(_ host: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if os(Linux)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { throw UnknownHost() }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr,
                let ip = IPAddress(address, length: Int(entry.pointee.ai_addrlen)), !found.contains(ip)
            {
                found.append(ip)
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
