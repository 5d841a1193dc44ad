/// Bounds how long something may take.
enum RequestDeadline {
    /// It took too long.
    struct Passed: Error {}

    /// Runs `body`, cancelling it after some seconds.
    /// - Throws: ``Passed``, or what `body` throws.
    static func run<Value: Sendable>(
        seconds: Double, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { throw Passed() }
            return value
        }
    }
}
