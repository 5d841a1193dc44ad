import Synchronization

/// Counts the floating-point operations that an engine was asked for, always on: a multiplication and an addition count two.
/// Norms, activations and data movement are not counted.
public final class OperationMeter: Sendable {
    private let linear = Atomic<Int>(0)
    private let attention = Atomic<Int>(0)
    private let convolution = Atomic<Int>(0)

    /// Operations so far.
    public struct Reading: Sendable, Equatable {
        /// In matrix products with weights.
        public var linear: Int
        /// In attention's two products.
        public var attention: Int
        /// In convolutions.
        public var convolution: Int
        /// All of them.
        public var total: Int { linear + attention + convolution }

        /// What was done between two readings.
        public static func - (later: Reading, earlier: Reading) -> Reading {
            Reading(
                linear: later.linear - earlier.linear, attention: later.attention - earlier.attention,
                convolution: later.convolution - earlier.convolution)
        }
    }

    /// The counts at this moment.
    public var reading: Reading {
        Reading(
            linear: linear.load(ordering: .relaxed), attention: attention.load(ordering: .relaxed),
            convolution: convolution.load(ordering: .relaxed))
    }

    /// `rows` rows through a layer or a part of it.
    func count(rows: Int, inputs: Int, outputs: Int) {
        linear.add(2 * rows * inputs * outputs, ordering: .relaxed)
    }

    /// Queries and weighted values of all rows.
    func count(_ rows: RowLayout, _ geometry: AttentionGeometry) {
        let seen = rows.limits.reduce(0) { $0 + Int($1) }
        attention.add(4 * seen * geometry.queryWidth, ordering: .relaxed)
    }

    /// Outputs of a convolution, done directly: faster algorithms count the same.
    func count(outputPixels: Int, _ weights: any ConvolutionWeights) {
        let taps = weights.geometry.kernel * weights.geometry.kernel
        convolution.add(2 * outputPixels * taps * weights.inputs * weights.outputs, ordering: .relaxed)
    }
}
