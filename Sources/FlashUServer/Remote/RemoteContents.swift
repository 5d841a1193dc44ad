import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Pipelines
import Synchronization

/// Fetches what the pictures and videos of one request are, from hosts that are allowed.
///
/// A name is resolved once; all of its addresses must be public ones, and the connection goes to one of the very addresses that were looked at, so that
/// a name which means something else a moment later gains nothing. Redirections are followed by the same rules. What is fetched counts as if it had been
/// sent: all of a request's pictures together may take the bytes of a body, and its time.
final class RemoteContents: Sendable {
    private let hosts: RemoteHosts
    private let network: NetworkAccess
    private let seconds: Double
    private let bytesLeft: Mutex<Int>
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)

    /// Redirections that are followed.
    static let mostRedirections = 3
    /// Addresses of a name that are tried.
    private static let mostAddresses = 3

    init(_ settings: ServerSettings) {
        (hosts, network) = (settings.remoteHosts, settings.network)
        seconds = settings.uploadSeconds
        bytesLeft = Mutex(settings.maxBodyBytes)
    }

    /// What an address leads to.
    ///
    /// - Parameter param: the field that holds it.
    /// - Throws: ``APIError``, `CancellationError`.
    func data(_ text: String, param: String) async throws -> Data {
        guard !hosts.isEmpty else {
            throw APIError.invalid(
                param, "this server fetches nothing; send the contents as data:TYPE;base64,...",
                code: "remote_url_refused")
        }
        let end = deadline.withLock { end in
            let known = end ?? .now + .seconds(seconds)
            end = known
            return known
        }
        do {
            return try await RequestDeadline.run(seconds: max(0, (end - .now) / .seconds(1))) {
                try await self.follow(text, param)
            }
        } catch is RequestDeadline.Passed {
            throw failed(param, "it took longer than the \(Int(seconds)) s that this server waits")
        }
    }

    private func follow(_ text: String, _ param: String) async throws -> Data {
        var text = text
        for _ in 0...Self.mostRedirections {
            let url: RemoteURL
            do {
                url = try RemoteURL(text)
            } catch {
                throw APIError.invalid(param, "\(param) \(error.reason)", code: "invalid_url")
            }
            guard hosts.allow(url) else {
                throw APIError.invalid(
                    param, "this server does not fetch from \(url.scheme.rawValue)://\(url.host), port \(url.port)",
                    code: "remote_url_refused")
            }
            switch try await fetch(url, param) {
            case .contents(let data): return data
            case .elsewhere(let location): text = location
            }
        }
        throw failed(param, "it is redirected more than \(Self.mostRedirections) times")
    }

    private enum Found: Sendable {
        case contents(Data)
        case elsewhere(String)
    }

    /// Asks the host, at one of its addresses.
    private func fetch(_ url: RemoteURL, _ param: String) async throws -> Found {
        let addresses: [IPAddress]
        do {
            if let literal = IPAddress(url.host) {
                addresses = [literal]
            } else {
                addresses = try await network.resolve(url.host)
            }
        } catch is NetworkAccess.UnknownHost {
            throw failed(param, "no host of this name is known")
        } catch is NetworkAccess.Busy {
            throw APIError.unavailable("too many names of hosts are being looked up", code: "busy", retryAfter: 5)
        }
        guard !addresses.isEmpty else { throw failed(param, "no host of this name is known") }
        // One that is not allowed among others is no accident.
        guard addresses.allSatisfy(network.isAllowed) else {
            throw APIError.invalid(
                param, "\(url.host) is not a host of the public internet, from which alone this server fetches",
                code: "remote_url_refused")
        }
        var problem = "it can't be connected to"
        for address in addresses.prefix(Self.mostAddresses) {
            do {
                return try await ask(url, at: address, param)
            } catch let error as APIError {
                throw error
            } catch let error as HTTPClientError {
                try Task.checkCancellation()
                problem = error == .readTimeout ? "it sends nothing" : "it does not answer as it should"
                guard error == .connectTimeout else { throw failed(param, problem) }
                problem = "it can't be connected to"
            } catch is NIOSSLError {
                throw failed(param, "its certificate can't be trusted")
            } catch is NIOSSLExtraError {
                throw failed(param, "its certificate is not for this name")
            } catch is HTTPParserError {
                throw failed(param, "it does not answer as it should")
            } catch {
                try Task.checkCancellation()
            }
        }
        throw failed(param, problem)
    }

    private func ask(_ url: RemoteURL, at address: IPAddress, _ param: String) async throws -> Found {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // The name stays in the request and in what the certificate must say; no name is resolved again.
        configuration.dnsOverride = [url.host: address.description]
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        configuration.httpVersion = .http1Only
        // There is the next address to try instead.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let file = network.trustedRoots {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(file)
            configuration.tlsConfiguration = tls
        }
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            var request = HTTPClientRequest(url: url.text)
            request.headers.add(name: "Accept", value: "image/*, video/*")
            request.headers.add(name: "User-Agent", value: "FlashU/\(FlashUVersion.current)")
            let answer = try await client.execute(request, timeout: .seconds(Int64(seconds.rounded(.up))))
            switch answer.status.code {
            case 200: return .contents(try await self.body(of: answer, param))
            case 301, 302, 303, 307, 308:
                let base = URL(string: url.text)
                guard let location = answer.headers.first(name: "Location"), location.utf8.count <= RemoteURL.longest,
                    let next = URL(string: location, relativeTo: base)
                else { throw self.failed(param, "it is redirected to no address") }
                return .elsewhere(next.absoluteString)
            default: throw self.failed(param, "its host answered with status \(answer.status.code)")
            }
        }
    }

    private func body(of answer: HTTPClientResponse, _ param: String) async throws -> Data {
        let tooLarge = APIError.invalid(
            param, "what \(param) leads to is larger than this server takes, all of a request together",
            code: "remote_contents_too_large")
        let room = bytesLeft.withLock { $0 }
        if let length = answer.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > room {
            throw tooLarge
        }
        var data = Data()
        for try await part in answer.body {
            guard part.readableBytes <= room - data.count else { throw tooLarge }
            data.append(contentsOf: part.readableBytesView)
        }
        guard !data.isEmpty else { throw failed(param, "its host sent nothing") }
        bytesLeft.withLock { $0 -= data.count }
        return data
    }

    private func failed(_ param: String, _ reason: String) -> APIError {
        .invalid(param, "what \(param) leads to could not be fetched: \(reason)", code: "remote_url_failed")
    }
}
