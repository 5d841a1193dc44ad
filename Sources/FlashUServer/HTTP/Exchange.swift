import Foundation
import Hummingbird
import Logging
import NIOCore

/// What a handler knows of a request beside its head and body.
struct Exchange: Sendable {
    /// The request's name in the log and in the `x-request-id` header.
    let id: String
    /// Who is charged for the work: a key's place, or an address.
    let client: String
    /// With the request's name.
    let logger: Logger
    /// The client's connection.
    let connection: ClientConnection
    /// When the request came.
    let arrival: ContinuousClock.Instant

    /// Now, in seconds since 1970.
    static var now: Int { Int(Date.now.timeIntervalSince1970) }
}

/// Keeps the channel, whose handlers say when the client goes away.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
