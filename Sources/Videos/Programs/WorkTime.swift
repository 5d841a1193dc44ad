import Synchronization

/// How long programs have worked for a video, which is bounded. Their time is not counted while they wait for us.
final class WorkTime: Sendable {
    private struct State {
        var spent = Duration.zero
        var since: ContinuousClock.Instant?
    }
    private let state = Mutex(State())
    private let limit: Duration
    private let name: String
    private let limits: VideoLimits

    init(name: String, limits: VideoLimits) {
        (self.name, self.limits) = (name, limits)
        // A day stands for no limit: longer ones may not overflow.
        limit = .seconds(min(max(limits.maxSeconds.isNaN ? 0 : limits.maxSeconds, 0), 86_400 * 365))
    }

    func go() { state.withLock { $0.since = $0.since ?? .now } }

    func rest() {
        state.withLock {
            if let since = $0.since { $0.spent += .now - since }
            $0.since = nil
        }
    }

    var isUp: Bool {
        state.withLock { $0.spent + ($0.since.map { .now - $0 } ?? .zero) > limit }
    }

    /// Runs `body`, and cancels it when the time is up.
    /// - Throws: ``VideoError/tooSlow(name:limits:)``, or what `body` throws.
    func bound<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        go()
        defer { rest() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !self.isUp { try await Task.sleep(for: .milliseconds(50)) }
                return nil
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else {
                throw VideoError.tooSlow(name: name, limits: limits)
            }
            return value
        }
    }
}
