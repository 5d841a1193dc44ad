import Synchronization

/// Counts the operations that an engine was asked for in matrix products, attention and convolutions, always on: a multiplication and an
/// addition count two. Norms, activations and data movement are not counted.
public final class OperationMeter: Sendable {
    private let f32 = Atomic<Int>(0)
    private let bf16 = Atomic<Int>(0)
    private let int8 = Atomic<Int>(0)
    private let int4 = Atomic<Int>(0)

    /// Operations, by what was multiplied.
    public struct Reading: Sendable, Equatable {
        /// Of float32 numbers.
        public var f32 = 0
        /// Of bfloat16 numbers.
        public var bf16 = 0
        /// Of 8-bit integers.
        public var int8 = 0
        /// Of 4-bit weights and 8-bit integers.
        public var int4 = 0
        /// All of them.
        public var total: Int { f32 + bf16 + int8 + int4 }

        /// None.
        public init() {}

        /// What was done between two readings.
        public static func - (later: Reading, earlier: Reading) -> Reading { later.combined(earlier, -) }
        /// One after the other.
        public static func + (a: Reading, b: Reading) -> Reading { a.combined(b, +) }
        /// One of `count` equal parts, rounded down.
        public func divided(by count: Int) -> Reading {
            combined(self) { one, _ in one / max(1, count) }
        }
        /// `count` times.
        public static func * (a: Reading, count: Int) -> Reading { a.combined(a) { x, _ in x * count } }

        private func combined(_ other: Reading, _ body: (Int, Int) -> Int) -> Reading {
            var all = Reading()
            all.f32 = body(f32, other.f32)
            all.bf16 = body(bf16, other.bf16)
            all.int8 = body(int8, other.int8)
            all.int4 = body(int4, other.int4)
            return all
        }
    }

    /// The counts at this moment.
    public var reading: Reading {
        var now = Reading()
        now.f32 = f32.load(ordering: .relaxed)
        now.bf16 = bf16.load(ordering: .relaxed)
        now.int8 = int8.load(ordering: .relaxed)
        now.int4 = int4.load(ordering: .relaxed)
        return now
    }

    /// `rows` rows through a layer, or a part of it, whose weights are of this type.
    func count(rows: Int, inputs: Int, outputs: Int, _ precision: Precision) {
        add(2 * rows * inputs * outputs, precision)
    }

    /// Queries and weighted values of all rows.
    func count(_ rows: RowLayout, _ geometry: AttentionGeometry, _ precision: Precision) {
        let seen = rows.limits.reduce(0) { $0 + Int($1) }
        add(4 * seen * geometry.queryWidth, precision)
    }

    /// Outputs of a float32 convolution, done directly: faster algorithms count the same.
    func count(outputPixels: Int, _ weights: any ConvolutionWeights) {
        let taps = weights.geometry.kernel * weights.geometry.kernel
        add(2 * outputPixels * taps * weights.inputs * weights.outputs, .f32)
    }

    private func add(_ operations: Int, _ precision: Precision) {
        switch precision {
        case .f32: f32.add(operations, ordering: .relaxed)
        case .bf16: bf16.add(operations, ordering: .relaxed)
        case .int8: int8.add(operations, ordering: .relaxed)
        case .int4: int4.add(operations, ordering: .relaxed)
        }
    }
}
