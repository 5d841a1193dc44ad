import NIOCore
import Synchronization

/// Watches one connection for its client going away, which frees the work that was done for it.
final class ClientConnection: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny

    private struct State {
        var isGone = false
        var next = 0
        var watchers: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client sends no more: it has left, since it would keep the connection open for the answer.
        if let event = event as? ChannelEvent, event == .inputClosed { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        let watchers = state.withLock { state in
            state.isGone = true
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher() }
    }

    /// Calls `body` when the client goes away, at once if it has. The number ends the watch.
    func watch(_ body: @escaping @Sendable () -> Void) -> Int {
        let number: Int? = state.withLock { state in
            guard !state.isGone else { return nil }
            state.next += 1
            state.watchers[state.next] = body
            return state.next
        }
        guard let number else {
            body()
            return 0
        }
        return number
    }

    /// Ends a watch.
    func unwatch(_ number: Int) { _ = state.withLock { $0.watchers.removeValue(forKey: number) } }

    /// Runs `body`, cancelling it when the client goes away.
    func whileThere<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        let watch = watch { task.cancel() }
        defer { unwatch(watch) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
