import Foundation

/// Seconds on the monotonic clock since it was made or last asked.
struct Stopwatch {
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant

    init() { start = clock.now }

    /// Seconds since the last call, starting anew.
    mutating func lap() -> Double {
        let now = clock.now
        defer { start = now }
        let (seconds, attoseconds) = (now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
