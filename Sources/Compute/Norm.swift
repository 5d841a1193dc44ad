public import Tensors

/// A normalisation over the last axis, computed in float32.
public struct Norm: Sendable {
    /// The formula.
    public enum Kind: Sendable {
        /// `x / sqrt(mean(x^2) + epsilon) * weight`
        case rms
        /// `(x - mean) / sqrt(variance + epsilon) * weight + bias`
        case layer
        /// `x / max(||x||_2, epsilon) * weight`: the Wan VAE's, whose `sqrt(channels)` is part of the weight here.
        case l2
    }

    /// The formula.
    public let kind: Kind
    /// `[width]` float32.
    public let weight: Tensor
    /// `[width]` float32.
    public let bias: Tensor?
    /// Added under the root, or the least length.
    public let epsilon: Float

    /// A norm with float32 parameters of shape `[width]`.
    public init(_ kind: Kind, weight: Tensor, bias: Tensor? = nil, epsilon: Float) {
        self.kind = kind
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }
}

/// adaLN: `y * (1 + scale) + shift` on the rows that `rows` marks, plain `y` on the others.
public struct Modulation: Sendable {
    /// `[width]` float32.
    public let shift: Tensor
    /// `[width]` float32.
    public let scale: Tensor
    /// nil = all rows.
    public let rows: RowMask?

    /// A modulation by float32 vectors of shape `[width]`.
    public init(shift: Tensor, scale: Tensor, rows: RowMask? = nil) {
        self.shift = shift
        self.scale = scale
        self.rows = rows
    }
}

/// A mark on each row of a batch.
public struct RowMask: Sendable, Equatable {
    package let flags: [UInt8]

    /// Marks row `i` where `flags[i]` is true.
    public init(_ flags: [Bool]) { self.flags = flags.map { $0 ? 1 : 0 } }

    private init(flags: [UInt8]) { self.flags = flags }

    /// The marks of some of the rows.
    public func rows(_ range: Range<Int>) -> RowMask { RowMask(flags: Array(flags[range])) }
}
