import Foundation
public import Tensors

/// The oracle: every operation as its textbook formula, in plain Swift, float32 with float64 sums, one thread.
///
/// Slow on purpose. Backends are tested against it.
public struct ReferenceCompute: Compute {
    /// Operations done.
    public let meter = OperationMeter()

    /// An oracle.
    public init() {}

    /// Always `f32`.
    public var precision: Precision { .f32 }
    /// Always float32.
    public var activationType: DType { .float32 }

    /// The oracle knows float32 only.
    public func with(precision: Precision) -> any Compute { self }

    /// See ``Compute/parallel(_:_:)``: one after the other.
    public func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) { for i in 0..<max(0, count) { body(i) } }

    struct Matrix: LinearWeights {
        let inputs: Int
        let outputs: Int
        /// `[outputs][inputs]`
        let weight: [Float]
        let bias: [Float]?
        var byteCount: Int { 4 * (weight.count + (bias?.count ?? 0)) }
    }

    /// Concatenates the layers' rows; gated pairs stay one after the other.
    public func pack(_ sources: [LinearSource], _ arrangement: LinearArrangement, bits: WeightBits) throws(ComputeError)
        -> any LinearWeights
    {
        let outputs = try LinearSource.outputs(of: sources, arrangement)
        return Matrix(
            inputs: sources[0].shape[1], outputs: outputs,
            weight: sources.flatMap { $0.dequantizedWeight.floats() },
            bias: LinearSource.stackedBias(of: sources)?.floats())
    }

    /// See ``Compute/linear(_:_:part:_:_:into:)``.
    public func linear(
        _ x: Tensor, _ weights: any LinearWeights, part: LinearPart, _ activation: Activation, _ store: LinearStore,
        into out: Tensor
    ) {
        guard let w = weights as? Matrix else { preconditionFailure("weights of another backend") }
        let (inputs, outputs) = part.ranges(of: weights, activation)
        meter.count(rows: x.rowCount, inputs: inputs.count, outputs: outputs.count, .f32)
        let input = x.floats()
        let gate = store.gate?.floats()
        let neurons = w.outputs / 2
        let columns = activation == .swiGLU ? outputs.lowerBound / 2..<outputs.upperBound / 2 : outputs
        func product(_ row: Int, _ column: Int) -> Double {
            var sum = Double(w.bias?[column] ?? 0)
            for (i, k) in inputs.enumerated() {
                sum += Double(input[row * inputs.count + i]) * Double(w.weight[column * w.inputs + k])
            }
            return sum
        }
        for row in 0..<x.rowCount {
            for (i, column) in columns.enumerated() {
                var y =
                    activation == .swiGLU
                    ? Self.apply(.silu, product(row, column)) * product(row, neurons + column)
                    : Self.apply(activation, product(row, column))
                let at = row * columns.count + i
                if store.accumulate {
                    if let gate, store.gatedRows.map({ $0.flags[row] != 0 }) ?? true { y *= Double(gate[column]) }
                    y += Double(out.floatPointer[at])
                }
                out.floatPointer[at] = Float(y)
            }
        }
    }

    /// See ``Compute/linear(_:once:into:)``.
    public func linear(_ x: Tensor, once source: LinearSource, into out: Tensor) {
        let weight = source.dequantizedWeight
        let matrix = Matrix(
            inputs: weight.shape[1], outputs: weight.shape[0], weight: weight.floats(), bias: source.bias?.floats())
        linear(x, matrix, .identity, .replace, into: out)
    }

    static func apply(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .identity: x
        case .silu, .swiGLU: x / (1 + exp(-x))
        case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }

    /// See ``Compute/norm(_:_:_:silu:into:)``.
    public func norm(_ x: Tensor, _ norm: Norm, _ modulation: Modulation?, silu: Bool, into out: Tensor) {
        let (rows, width) = (x.rowCount, x.width)
        let (weight, bias) = (norm.weight.floats(), norm.bias?.floats())
        let (shift, scale) = (modulation?.shift.floats(), modulation?.scale.floats())
        for row in 0..<rows {
            let values = (0..<width).map { Double(x.floatPointer[row * width + $0]) }
            let mean = norm.kind == .layer ? values.reduce(0, +) / Double(width) : 0
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let divisor =
                norm.kind == .l2
                ? max(squares.squareRoot(), Double(norm.epsilon))
                : (squares / Double(width) + Double(norm.epsilon)).squareRoot()
            for j in 0..<width {
                var y = (values[j] - mean) / divisor * Double(weight[j]) + Double(bias?[j] ?? 0)
                if let shift, let scale, modulation?.rows.map({ $0.flags[row] != 0 }) ?? true {
                    y = y * (1 + Double(scale[j])) + Double(shift[j])
                }
                out.floatPointer[row * width + j] = Float(silu ? Self.apply(.silu, y) : y)
            }
        }
    }
}
