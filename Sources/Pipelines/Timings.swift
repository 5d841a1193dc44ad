import Compute

/// Seconds on the monotonic clock since it was made or last asked.
struct Stopwatch {
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant

    init() { start = clock.now }

    /// Seconds since the last call, starting anew.
    mutating func lap() -> Double {
        let now = clock.now
        defer { start = now }
        return (now - start).inSeconds
    }
}
