import Compute
import Synchronization

/// Bounds how many requests are computed or wait for it. Order and turns are the scheduler's business.
final class RequestQueue: Sendable {
    /// Requests at one time, at most.
    let limit: Int

    private struct State {
        var count = 0
        /// What a request took lately, in seconds.
        var seconds = 1.0
        var isDraining = false
    }

    private let state = Mutex(State())

    init(limit: Int) { self.limit = max(1, limit) }

    /// A request's place, which it leaves when the last reference to it goes.
    final class Place: Sendable {
        private let queue: RequestQueue
        private let start = ContinuousClock.now

        fileprivate init(_ queue: RequestQueue) { self.queue = queue }

        deinit { queue.leave(after: (ContinuousClock.now - start).inSeconds) }
    }

    /// Requests that are computed or wait.
    var count: Int { state.withLock { $0.count } }

    /// Takes a place.
    /// - Throws: ``APIError`` 429 when there is none, 503 when the server is about to stop.
    func enter() throws(APIError) -> Place {
        enum Outcome {
            case entered, full(Int), draining
        }
        let outcome: Outcome = state.withLock { state in
            if state.isDraining { return .draining }
            guard state.count < limit else { return .full(max(1, min(60, Int(state.seconds.rounded(.up))))) }
            state.count += 1
            return .entered
        }
        switch outcome {
        case .entered: return Place(self)
        case .full(let seconds):
            throw .busy("\(limit) requests are being worked on or wait; try again later", retryAfter: seconds)
        case .draining:
            throw .unavailable("the server is about to stop", code: "stopping", retryAfter: 5)
        }
    }

    /// Takes no more requests.
    func drain() { state.withLock { $0.isDraining = true } }

    private func leave(after seconds: Double) {
        state.withLock { state in
            state.count -= 1
            state.seconds += 0.2 * (seconds - state.seconds)
        }
    }
}
