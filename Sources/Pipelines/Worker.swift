import Dispatch

/// A thread of its own for long computations: Swift's shared threads stay free, requests take turns, and cancelling a task
/// is seen inside.
actor Worker {
    private nonisolated let executor = QueueExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs `body` on the worker's thread.
    func run<Value: Sendable>(_ body: @Sendable () throws -> Value) throws -> Value {
        try Task.checkCancellation()
        return try body()
    }
}

extension Worker {
    /// Runs `body` on the worker's thread and streams what it emits. Ending the iteration cancels it.
    nonisolated func stream<Event: Sendable>(_ body: @escaping @Sendable ((Event) -> Void) throws -> Void)
        -> AsyncThrowingStream<Event, any Error>
    {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run { try body { continuation.yield($0) } }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        }
    }
}

private final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "flashu.worker", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
