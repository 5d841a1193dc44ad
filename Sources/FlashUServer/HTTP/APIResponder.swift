import Compute
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Tensors

/// Finds out who asks for what, has it answered, and tells the log.
struct APIResponder: HTTPResponder {
    typealias Context = APIContext

    let routes: Routes
    let keys: APIKeys
    let hosts: HostRule
    let memory: Int?
    let logger: Logger
    let observe: @Sendable (_ route: String, _ status: Int, _ seconds: Double) -> Void

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let start = ContinuousClock.now
        let id = context.id
        var logger = logger
        logger[metadataKey: "request"] = "\(id)"
        var place = "none"
        var response: Response
        do {
            try hosts.check(request.head)
            let route = try routes.route(request.method, request.uri.path)
            place = route.isOfAPI ? route.path : "page"
            let client = try route.isPublic ? "" : client(of: request, context)
            // Put there when the connection was made.
            let connection = try await context.channel.pipeline.handler(type: ClientConnection.self).get()
            let exchange = Exchange(
                id: id, client: client, logger: logger, connection: connection, arrival: start)
            response = try await route.handle(request, exchange)
            if request.method == .head {
                let length = response.body.contentLength
                response = Response(status: response.status, headers: response.headers)
                if let length { response.headers[.contentLength] = "\(length)" }
            }
        } catch {
            if !(error is APIError), !(error is CancellationError) {
                logger.warning("\(APIError.line(error))", metadata: ["path": "\(place)"])
            }
            response = try Self.response(APIError(error, memory: memory), context.channel)
        }
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = id }
        if let name = HTTPField.Name("X-Content-Type-Options") { response.headers[name] = "nosniff" }
        let seconds = (ContinuousClock.now - start).inSeconds
        observe(place, response.status.code, seconds)
        logger.info(
            "request",
            metadata: [
                "method": "\(request.method.rawValue.prefix(16))", "path": "\(place)",
                "status": "\(response.status.code)", "seconds": "\((seconds * 1000).rounded() / 1000)",
            ])
        return response
    }

    /// Who asks.
    /// - Throws: ``APIError`` 401.
    private func client(of request: Request, _ context: APIContext) throws(APIError) -> String {
        guard !keys.isEmpty else { return context.channel.remoteAddress?.ipAddress ?? "local" }
        let bearer = "bearer "
        let header = request.headers[.authorization] ?? ""
        guard header.utf8.count > bearer.utf8.count, header.utf8.begin(with: bearer),
            let key = keys.index(of: header.utf8.dropFirst(bearer.utf8.count))
        else {
            throw APIError(
                .unauthorized, "authentication_error", "send a key that this server knows as Authorization: Bearer KEY",
                code: "invalid_api_key"
            ).leavingBody
        }
        return "key \(key + 1)"
    }

    /// An error as a response. When the rest of the body is not read the connection ends, after a second in which the client can read why.
    static func response(_ error: APIError, _ channel: any Channel) throws -> Response {
        var headers = HTTPFields()
        if let seconds = error.retryAfter { headers[.retryAfter] = "\(seconds)" }
        if let methods = error.allow { headers[.allow] = methods }
        if error.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        guard error.leavesBody else {
            return try JSONAnswer.response(error.body, status: error.status, headers: headers)
        }
        headers[.connection] = "close"
        headers[.contentType] = "application/json"
        let body = ByteBuffer(bytes: try JSONAnswer.data(error.body))
        return Response(
            status: error.status, headers: headers,
            body: .init(contentLength: body.readableBytes) { writer in
                try await writer.write(body)
                try await writer.finish(nil)
                channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            })
    }
}

extension APIError {
    /// One printable line for the log.
    static func line(_ error: any Error) -> String { "\(error)".printable(atMost: 500) }
}
