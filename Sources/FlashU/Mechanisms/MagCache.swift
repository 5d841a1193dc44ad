import Foundation

/// MagCache (Ma et al., arXiv 2506.09045): whether the velocity of the last computed evaluation will do, from how its magnitude grew when the model
/// was calibrated.
///
/// gamma_t is the ratio of the residual's magnitude at an evaluation to that at the one before. Since the last computed evaluation
///
///     e = sum over evaluations of |1 - product of the gamma up to it|
///
/// and the next is computed where e reaches the threshold (the authors' 0.06 ... 0.24). The same for every request: unlike ``EasyCache`` it
/// does not look at the image.
///
/// The authors' residual is what the transformer adds to its hidden states. Here it is what the network adds to its input as the authors of
/// EasyCache have it, output - input, up to its sign: v + x (``Magnitude``).
public struct MagCache: Sendable {
    /// How large the residual v + x of the guided velocity is along the trajectory, as measured by calibration.
    public struct Magnitude: Sendable, Equatable {
        /// Where it was measured, rising, 0 ... 1.
        public let times: [Float]
        /// Its root mean square there, above 0.
        public let values: [Float]

        /// Nil unless there are as many values as times, one at least, the times rise within 0 ... 1, and the values are numbers above 0.
        public init?(times: [Float], values: [Float]) {
            guard !times.isEmpty, times.count == values.count, values.allSatisfy({ $0 > 0 && $0.isFinite }),
                times.allSatisfy({ $0 >= 0 && $0 <= 1 }), zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
            else { return nil }
            self.times = times
            self.values = values
        }

        /// The magnitude at a time: straight lines between the logarithms of what was measured, level outside.
        public func at(_ time: Float) -> Double {
            guard let next = times.firstIndex(where: { $0 > time }) else { return Double(values[values.count - 1]) }
            guard next > 0 else { return Double(values[0]) }
            let share = Double((time - times[next - 1]) / (times[next] - times[next - 1]))
            return exp((1 - share) * log(Double(values[next - 1])) + share * log(Double(values[next])))
        }
    }

    /// The sum at which an evaluation is computed.
    public let threshold: Double
    private let magnitude: Magnitude
    /// The time of the last evaluation, computed or not.
    private var previous: Float?
    /// Of the ratios since the last computed evaluation.
    private var product = 1.0
    /// The expected change since the last computed evaluation.
    public private(set) var sum = 0.0

    /// Nothing was evaluated yet.
    public init(threshold: Double, magnitude: Magnitude) {
        self.threshold = threshold
        self.magnitude = magnitude
    }

    /// Whether the evaluation at `time` may reuse; to be asked of each one, in order.
    public mutating func reuses(at time: Float) -> Bool {
        defer { previous = time }
        guard let previous else { return false }
        product *= magnitude.at(time) / magnitude.at(previous)
        sum += abs(1 - product)
        return sum < threshold
    }

    /// Takes note that the evaluation at `time` was computed.
    public mutating func accept(at time: Float) {
        previous = time
        product = 1
        sum = 0
    }
}
