import Compute
import Foundation
public import ShowO2
import Tensors

/// The attention that the visual tokens of one image receive, and the norms of their value vectors, in every LLM layer.
///
/// Attention probabilities are computed here, beside the engine, from the queries and keys that it shows (``ShowO2/Reading/attentionTap``).
public struct ReceivedAttention {
    /// One layer, `[visual tokens]` each.
    public struct Layer: Sendable {
        /// Attention received: the mean probability over heads and over the rows that can see the token.
        public fileprivate(set) var attention: [Double]
        /// L2 norm of the value vector, all heads together: what V-norm pruning looks at.
        public fileprivate(set) var norms: [Double]
    }

    private let slots: Range<Int>
    /// Keys so far, `[layers]` of `[slots * keyValueHeads * headDim]`.
    private var keys: [[Float]]
    /// Probabilities summed over heads and rows, `[layers]` of `[visual tokens]`.
    private var sums: [[Double]]
    /// How many were summed.
    private var counts: [[Int]]
    private var norms: [[Double]]

    /// - Parameters:
    ///   - slots: where the visual tokens stand in the sequence.
    ///   - layers: of the LLM.
    public init(slots: Range<Int>, layers: Int) {
        self.slots = slots
        keys = Array(repeating: [], count: layers)
        sums = Array(repeating: Array(repeating: 0, count: slots.count), count: layers)
        counts = Array(repeating: Array(repeating: 0, count: slots.count), count: layers)
        norms = sums
    }

    /// What was received.
    public var layers: [Layer] {
        sums.indices.map { layer in
            Layer(
                attention: zip(sums[layer], counts[layer]).map { $1 > 0 ? $0 / Double($1) : 0 }, norms: norms[layer])
        }
    }

    /// Adds a layer's pass. Passes of a layer follow each other slot by slot, from the sequence's first slot.
    public mutating func add(layer: Int, _ inputs: AttentionInputs) {
        let (geometry, rows) = (inputs.geometry, inputs.rows)
        keys[layer] += inputs.keys.floats()
        let width = geometry.keyValueHeads * geometry.headDim
        let lengths = inputs.values.rowNorms(columns: 0..<width)
        for (row, slot) in rows.slots.enumerated() where slots.contains(Int(slot)) {
            norms[layer][Int(slot) - slots.lowerBound] = Double(lengths[row])
        }
        let queries = inputs.queries.floats()
        var weights = [Float](repeating: 0, count: rows.slotsNeeded)
        for row in 0..<rows.count where rows.limits[row] > slots.lowerBound {
            let limit = Int(rows.limits[row])
            let seen = slots.clamped(to: 0..<limit)
            for head in 0..<geometry.heads {
                let total = Self.weigh(
                    queries, from: row * geometry.queryWidth + head * geometry.headDim, keys[layer],
                    from: head / (geometry.heads / geometry.keyValueHeads) * geometry.headDim, stride: width,
                    geometry.headDim, limit, into: &weights)
                for slot in seen { sums[layer][slot - slots.lowerBound] += Double(weights[slot] / total) }
            }
            for slot in seen { counts[layer][slot - slots.lowerBound] += geometry.heads }
        }
    }

    /// `exp(q k - max)` for the first `limit` keys; returns their sum.
    private static func weigh(
        _ queries: [Float], from query: Int, _ keys: [Float], from key: Int, stride: Int, _ dim: Int, _ limit: Int,
        into weights: inout [Float]
    ) -> Float {
        var most = -Float.infinity
        for slot in 0..<limit {
            var score: Float = 0
            let start = key + slot * stride
            for i in 0..<dim { score += queries[query + i] * keys[start + i] }
            weights[slot] = score
            most = max(most, score)
        }
        var total: Float = 0
        for slot in 0..<limit {
            weights[slot] = exp(weights[slot] - most)
            total += weights[slot]
        }
        return total
    }
}
