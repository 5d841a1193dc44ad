/// The times at which the velocity is evaluated, from 0 (noise) to 1 (image).
///
/// Official file: `transport/integrators.py`: `linspace(0, 1, T)` shifted by `t / (t + f - f t)`; T points are T - 1 Euler steps.
public struct FlowSchedule: Sendable, Equatable {
    /// `steps` points from 0 to 1.
    public let times: [Float]

    /// The official grid of `steps` points (`num_inference_steps`).
    /// - Throws: ``ModelError/request(_:)`` for fewer than two points or a shift that is not positive.
    public init(steps: Int, timeShift: Float) throws(ModelError) {
        guard (2...10_000).contains(steps) else { throw .request("steps must be between 2 and 10000, not \(steps)") }
        guard timeShift > 0, timeShift.isFinite else {
            throw .request("the time shift must be above 0, not \(timeShift)")
        }
        times = (0..<steps).map { i in
            // PyTorch's linspace counts from the nearer end.
            let width = Float(1) / Float(steps - 1)
            let t = i < steps / 2 ? width * Float(i) : 1 - width * Float(steps - 1 - i)
            return t / (t + timeShift - timeShift * t)
        }
    }

    /// Given times, rising from 0 to 1.
    package init(times: [Float]) { self.times = times }

    /// Number of evaluations: one less than there are points.
    public var evaluations: Int { times.count - 1 }

    /// The time of evaluation `i`.
    public func time(_ i: Int) -> Float { times[i] }

    /// The Euler step after evaluation `i`.
    public func interval(_ i: Int) -> Float { times[i + 1] - times[i] }
}
