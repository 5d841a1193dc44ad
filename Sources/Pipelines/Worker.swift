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

private final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "flashu.worker", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
