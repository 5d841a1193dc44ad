import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer as server-sent events, which are sent as they come.
struct EventStream {
    /// Sends one event.
    struct Sender: Sendable {
        fileprivate let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

        /// Sends `data: JSON`, under a name if it has one.
        func send(_ value: some Encodable, event: String? = nil) throws {
            var buffer = ByteBuffer()
            if let event { buffer.writeString("event: \(event)\n") }
            buffer.writeString("data: ")
            buffer.writeBytes(try JSONAnswer.data(value))
            buffer.writeString("\n\n")
            continuation.yield(buffer)
        }

        /// Sends a line that is no JSON, such as the end of a chat's stream.
        func send(text: String) { continuation.yield(ByteBuffer(string: "data: \(text)\n\n")) }

        /// A comment, which keeps proxies from closing a connection on which nothing happens.
        fileprivate func comment() { continuation.yield(ByteBuffer(string: ": still at work\n\n")) }
    }

    /// Seconds between comments.
    static let pause = 15.0

    /// Runs `produce` and sends what it sends. An error of it becomes an event that holds `error`; a client that goes away cancels it.
    ///
    /// - Parameter ended: told how it ended, once.
    static func response(
        _ exchange: Exchange, produce: @escaping @Sendable (Sender) async throws -> Void,
        failure: @escaping @Sendable (any Error) -> APIError,
        ended: @escaping @Sendable ((any Error)?) -> Void
    ) -> Response {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let sender = Sender(continuation: continuation)
        let connection = exchange.connection
        let task = Task {
            let alive = Task {
                while true {
                    try await Task.sleep(for: .seconds(pause))
                    sender.comment()
                }
            }
            defer { alive.cancel() }
            do {
                try await produce(sender)
                ended(nil)
            } catch {
                ended(error)
                try? sender.send(failure(error).body)
            }
            continuation.finish()
        }
        let watch = connection.watch { task.cancel() }
        continuation.onTermination = { _ in
            task.cancel()
            connection.unwatch(watch)
        }
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream; charset=utf-8"
        headers[.cacheControl] = "no-store"
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        return Response(
            status: .ok, headers: headers,
            body: .init { writer in
                for try await buffer in stream { try await writer.write(buffer) }
                try await writer.finish(nil)
            })
    }
}
