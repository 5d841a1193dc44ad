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

/// One weight as checkpoints store it, `[outputs, inputs]` float32 or bfloat16, or in 8 or 4 bits, with an optional bias `[outputs]`.
public struct LinearSource: Sendable {
    /// How a weight is stored.
    public enum Weight: Sendable {
        /// `[outputs, inputs]`, of any numbers.
        case plain(Tensor)
        /// In 8 or 4 bits.
        case quantized(QuantizedMatrix)
    }

    /// The weight.
    public let stored: Weight
    /// `[outputs]`.
    public let bias: Tensor?

    /// A layer's weight and bias.
    public init(weight: Tensor, bias: Tensor? = nil) {
        self.init(.plain(weight), bias: bias)
    }

    /// A layer's weight and bias.
    public init(_ stored: Weight, bias: Tensor? = nil) {
        self.stored = stored
        self.bias = bias
    }

    /// Extents of the weight: `[outputs, inputs]`, unless it is no matrix.
    public var shape: [Int] {
        switch stored {
        case .plain(let weight): weight.shape
        case .quantized(let weight): [weight.outputs, weight.inputs]
        }
    }

    /// The weight as float32 or bfloat16.
    public var dequantizedWeight: Tensor {
        switch stored {
        case .plain(let weight): weight.asFloatOrBFloat16()
        case .quantized(let weight): weight.dequantized()
        }
    }

    /// The weight in so many bits, if that is how it is stored.
    public func quantized(_ bits: WeightBits) -> QuantizedMatrix? {
        guard case .quantized(let weight) = stored, weight.bits == bits.rawValue else { return nil }
        return weight
    }

    /// Gives what was mapped of the weight back to the system.
    public func evict() {
        switch stored {
        case .plain(let weight): weight.evict()
        case .quantized(let weight): weight.evict()
        }
    }

    /// The same layer with its outputs in another order, without bias.
    public func gatheringOutputs(_ order: [Int]) -> LinearSource {
        if order == Array(0..<shape[0]) { return LinearSource(stored) }
        switch stored {
        case .plain(let weight):
            return LinearSource(weight: weight.gatheringRows(order))
        case .quantized(let weight):
            let scales = weight.scales.reshaped([weight.outputs, 1]).gatheringRows(order).reshaped([order.count])
            let gathered = QuantizedMatrix(
                values: weight.values.gatheringRows(order), scales: scales, steps: weight.steps?.gatheringRows(order))
            return LinearSource(.quantized(gathered))
        }
    }

    /// The same layer with its inputs in another order, without bias. A weight in 4 bits, whose groups that breaks up, becomes float32.
    public func gatheringInputs(_ order: [Int]) -> LinearSource {
        if order == Array(0..<shape[1]) { return LinearSource(stored) }
        switch stored {
        case .plain(let weight):
            return LinearSource(weight: weight.gatheringColumns(order))
        case .quantized(let weight) where weight.bits == 8:
            let gathered = QuantizedMatrix(values: weight.values.gatheringColumns(order), scales: weight.scales)
            return LinearSource(.quantized(gathered))
        case .quantized(let weight):
            return LinearSource(weight: weight.dequantized().gatheringColumns(order))
        }
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
    /// Only these inputs; the input rows hold just them. The lower bound is a multiple of 16.
    case inputs(Range<Int>)
}
