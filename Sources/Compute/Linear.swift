public import Tensors

/// The weights of a linear layer as a backend packed them: opaque, immutable, shared.
public protocol LinearWeights: Sendable {
    /// Width of the input rows.
    var inputs: Int { get }
    /// Width of the product, before a gated activation halves it.
    var outputs: Int { get }
    /// Bytes that the packed weights and the bias occupy.
    var byteCount: Int { get }
}

/// One weight as checkpoints store it: `[outputs, inputs]`, float32, bfloat16 or int8 with scales, with an optional bias `[outputs]`.
public struct LinearSource: Sendable {
    /// `[outputs, inputs]`.
    public let weight: Tensor
    /// Of an int8 weight: what its integers are multiplied by, `[outputs]` float32. Else nil.
    public let scales: Tensor?
    /// `[outputs]`.
    public let bias: Tensor?

    /// A layer's weight and bias.
    public init(weight: Tensor, scales: Tensor? = nil, bias: Tensor? = nil) {
        self.weight = weight
        self.scales = scales
        self.bias = bias
    }

    /// The weight as float32 or bfloat16.
    var dequantizedWeight: Tensor {
        scales.map { Int8Weight(values: weight, scales: $0).dequantized() } ?? weight.asFloatOrBFloat16()
    }
}

/// How several layers that share an input become one product.
public enum LinearArrangement: Sendable {
    /// Outputs one after the other (query, key, value).
    case stacked
    /// Two layers' outputs in alternating groups, ready for `silu(gate) * up` in the product's epilogue.
    case gated
}

/// What is applied to a product before it is stored.
public enum Activation: Sendable {
    /// Nothing.
    case identity
    /// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, SigLIP's.
    case geluTanh
    /// `x / 2 (1 + erf(x / sqrt 2))`, PyTorch's default.
    case gelu
    /// `x sigmoid(x)`.
    case silu
    /// `silu(gate) * up`, for weights packed as ``LinearArrangement/gated``: the output has half the columns.
    case swiGLU
}

/// How a product is written.
public struct LinearStore: Sendable {
    /// Added to what the output holds (a residual connection) instead of replacing it.
    public var accumulate = false
    /// With `accumulate`: factors by which the product's columns are multiplied first (adaLN's gate), `[outputs]` float32.
    public var gate: Tensor?
    /// Which rows `gate` applies to; nil = all. The gate of the others is 1.
    public var gatedRows: RowMask?

    /// Replaces the output.
    public static let replace = LinearStore()
    /// Adds to the output.
    public static let residual = LinearStore(accumulate: true)

    /// Adds `gate * product` to the output.
    public static func residual(gate: Tensor, rows: RowMask?) -> LinearStore {
        LinearStore(accumulate: true, gate: gate, gatedRows: rows)
    }
}

/// Which part of a layer a product runs. Neurons of an FFN are outputs of its first layer and inputs of its second; a pruned FFN
/// runs the same range of both.
public enum LinearPart: Sendable, Equatable {
    /// The whole layer.
    case all
    /// Only these outputs; for ``Activation/swiGLU`` counted after gating. Bounds are multiples of 16.
    case outputs(Range<Int>)
    /// Only these inputs; the input rows hold just them. The lower bound is a multiple of 4, since int8 weights interleave four.
    case inputs(Range<Int>)
}
