import Foundation
public import Tensors

/// The heads of an attention layer.
public struct AttentionGeometry: Sendable, Equatable {
    /// Query heads.
    public let heads: Int
    /// Key/value heads; each serves `heads / keyValueHeads` query heads.
    public let keyValueHeads: Int
    /// Width of a head.
    public let headDim: Int

    /// `heads` must be a multiple of `keyValueHeads`.
    public init(heads: Int, keyValueHeads: Int, headDim: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDim = headDim
    }

    /// Width of the queries: `heads * headDim`.
    public var queryWidth: Int { heads * headDim }
    /// Width of the fused query, key and value projection.
    public var fusedWidth: Int { (heads + 2 * keyValueHeads) * headDim }
}

/// cos and sin of every position's rotary angles. Always float32: the official bfloat16 path rounds the frequencies, which
/// turns positions near 1,000 by up to a radian.
public struct RotaryTable: Sendable {
    /// `[positions, headDim / 2]` float32.
    public let cosines: Tensor
    /// `[positions, headDim / 2]` float32.
    public let sines: Tensor

    /// The table of `positions` positions for the given inverse frequencies, `[headDim / 2]`.
    public init(inverseFrequencies: [Double], positions: Int) {
        let half = inverseFrequencies.count
        var cosines = [Float](repeating: 0, count: positions * half)
        var sines = cosines
        for position in 0..<positions {
            for (j, frequency) in inverseFrequencies.enumerated() {
                // The angle is rounded to float32 first, as PyTorch computes it.
                let angle = Double(Float(position) * Float(frequency))
                cosines[position * half + j] = Float(cos(angle))
                sines[position * half + j] = Float(sin(angle))
            }
        }
        self.cosines = Tensor(cosines, shape: [positions, half])
        self.sines = Tensor(sines, shape: [positions, half])
    }

    /// Positions that the table covers.
    public var positions: Int { cosines.shape[0] }
}

/// Per-head RMS norms of query and key (the diffusion head's), `[headDim]` float32 each.
public struct QueryKeyNorm: Sendable {
    /// `[headDim]`.
    public let query: Tensor
    /// `[headDim]`.
    public let key: Tensor
    /// Added under the root.
    public let epsilon: Float

    /// Norm weights of shape `[headDim]`.
    public init(query: Tensor, key: Tensor, epsilon: Float) {
        self.query = query
        self.key = key
        self.epsilon = epsilon
    }
}

/// Keys and values of one attention layer of one sequence. It takes memory as slots are written, and can be forked.
public protocol KeyValueCache: AnyObject {
    /// Slots that there is memory for.
    var slots: Int { get }
    /// Bytes held, those shared with forks included.
    var byteCount: Int { get }
    /// A cache with the same contents. Both share the memory of what is there; writing to either leaves the other as it is.
    func fork() -> any KeyValueCache
    /// Gives back the memory of what is beyond the first `slots`.
    func truncate(to slots: Int)
    /// Shows each block of memory and its bytes: forks show the same blocks as long as they share them.
    func visitBlocks(_ visit: (ObjectIdentifier, Int) -> Void)
}
