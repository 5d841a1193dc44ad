/// A thread of its own for long computations that are no jobs (loading, calibration): Swift's shared threads stay free, and cancelling a task is
/// seen inside.
actor Worker {
    private nonisolated let executor = QueueExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs `body` on the worker's thread.
    func run<Value: Sendable>(_ body: @Sendable () throws -> Value) throws -> Value {
        try Task.checkCancellation()
        return try body()
    }
}
