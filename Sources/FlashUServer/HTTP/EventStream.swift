import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// An answer as server-sent events, which are sent as they come.
struct EventStream {
    /// Sends one event.
    struct Sender: Sendable {
        fileprivate let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        fileprivate let backlog: Backlog

        /// Sends `data: JSON`, under a name if it has one.
        ///
        /// - Parameter isNeeded: false = not sent to a client that is slow to take what came before.
        func send(_ value: some Encodable, event: String? = nil, isNeeded: Bool = true) throws {
            guard isNeeded || backlog.bytes < Self.mostWaiting else { return }
            var buffer = ByteBuffer()
            if let event { buffer.writeString("event: \(event)\n") }
            buffer.writeString("data: ")
            buffer.writeBytes(try JSONAnswer.data(value))
            buffer.writeString("\n\n")
            yield(buffer)
        }

        /// Sends a line that is no JSON, such as the end of a chat's stream.
        func send(text: String) { yield(ByteBuffer(string: "data: \(text)\n\n")) }

        /// A comment, which keeps proxies from closing a connection on which nothing happens.
        fileprivate func comment() { if backlog.bytes == 0 { yield(ByteBuffer(string: ": still at work\n\n")) } }

        private func yield(_ buffer: ByteBuffer) {
            backlog.add(buffer.readableBytes)
            continuation.yield(buffer)
        }

        /// Bytes that may wait when what is not needed is sent as well.
        private static let mostWaiting = 1 << 20
    }

    /// Bytes of one stream that wait for the client. They are bounded by the answer itself, of which all is needed but previews and comments; a client that
    /// takes nothing loses its connection, and these with it.
    fileprivate final class Backlog: Sendable {
        private let count = Mutex(0)
        var bytes: Int { count.withLock { $0 } }
        func add(_ bytes: Int) { count.withLock { $0 += bytes } }
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
        let backlog = Backlog()
        let sender = Sender(continuation: continuation, backlog: backlog)
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
                for try await buffer in stream {
                    try await writer.write(buffer)
                    backlog.add(-buffer.readableBytes)
                }
                try await writer.finish(nil)
            })
    }
}
