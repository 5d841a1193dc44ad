public import Compute
import Foundation
public import ShowO2
import Tensors

/// The attention that the visual tokens of one image receive, and the norms of their value vectors, in every LLM layer.
///
/// Attention probabilities are computed here, beside the engine, from the queries and keys that it shows (`ShowO2/Probe/attention`).
public struct ReceivedAttention {
    /// One layer, `[visual tokens]` each.
    public struct Layer: Sendable {
        /// Attention received: the mean probability over heads and over the rows that can see the token.
        public fileprivate(set) var attention: [Double]
        /// L2 norm of the value vector, all heads together: what V-norm pruning looks at.
        public fileprivate(set) var norms: [Double]
    }

    private let slots: Range<Int>
    private let compute: any Compute
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
    ///   - compute: any engine; products run in float32.
    public init(slots: Range<Int>, layers: Int, compute: any Compute) {
        self.slots = slots
        self.compute = compute.with(precision: .f32)
        keys = Array(repeating: [], count: layers)
        sums = Array(repeating: Array(repeating: 0, count: slots.count), count: layers)
        counts = Array(repeating: Array(repeating: 0, count: slots.count), count: layers)
        norms = sums
    }

    /// Reads an image and a question densely and measures the attention, and the layers on the question's last row.
    ///
    /// - Parameters:
    ///   - prefix: ids before the image, without `[boi]`.
    ///   - latents: `[1, channels, height, width]` float32.
    /// - Returns: the attention, and 1 - cosine of each layer's input and output, `[layers]`.
    /// - Throws: `ModelError`, `ComputeError`, or `CancellationError`.
    static func measured(
        on model: ShowO2Model, _ special: SpecialTokens, prefix: [Int], latents: Tensor, question: [Int],
        probes: Set<Probe> = [], probe: ProbeSink? = nil
    ) throws -> (received: ReceivedAttention, layerImportance: [Double]) {
        let layout = SequenceLayout(prefix: prefix.count + 1, imageTokens: try model.geometry.tokens(of: latents))
        var received = ReceivedAttention(slots: layout.image, layers: model.geometry.llm.layers, compute: model.compute)
        var failure: (any Error)?
        func see(_ reading: ProbeReading) {
            probe?(reading)
            // Probabilities take long in a large model; a cancelled task shall not wait for them.
            guard case .attention(let layer, let inputs) = reading, !Task.isCancelled, failure == nil else { return }
            do { try received.add(layer: layer, inputs) } catch { failure = error }
        }
        let plan = ReadingPlan(measuresLayers: true, probes: probes.union([.attention]))
        let sequence = try TokenSequence(model: model, special: special)
        func read(_ pieces: [Piece]) throws -> [Double] {
            let pass = try ReadingPass([(sequence, pieces)], plan, probe: see)
            try pass.finish()
            return pass.layerImportance
        }
        _ = try read([.text(prefix), .image(ImagePiece(latents: latents))])
        let importance = try read([.text(question)])
        try Task.checkCancellation()
        if let failure { throw failure }
        return (received, importance)
    }

    /// What was received.
    public var layers: [Layer] {
        sums.indices.map { layer in
            Layer(
                attention: zip(sums[layer], counts[layer]).map { $1 > 0 ? $0 / Double($1) : 0 }, norms: norms[layer])
        }
    }

    /// Adds a layer's pass. Passes of a layer follow each other slot by slot, from the sequence's first slot.
    /// - Throws: `ComputeError` when the engine can't multiply.
    public mutating func add(layer: Int, _ inputs: AttentionInputs) throws(ComputeError) {
        let (geometry, rows) = (inputs.geometry, inputs.rows)
        let (dim, group) = (geometry.headDim, geometry.heads / geometry.keyValueHeads)
        let width = geometry.keyValueHeads * dim
        let lengths = inputs.values.rowNorms(columns: 0..<width)
        for (row, slot) in rows.slots.enumerated() where slots.contains(Int(slot)) {
            norms[layer][Int(slot) - slots.lowerBound] = Double(lengths[row])
        }
        keys[layer] += inputs.keys.floats()
        let all = Tensor(keys[layer], shape: [keys[layer].count / width, width])  // [slots, keyValueHeads * dim]
        for head in 0..<geometry.keyValueHeads {
            let own = all.gatheringColumns(Array(head * dim..<(head + 1) * dim))  // [slots, dim]
            let queries = inputs.queries.gatheringColumns(Array(head * group * dim..<(head + 1) * group * dim))
                .reshaped([rows.count * group, dim])  // the queries that share this head, row by row
            let scores = Tensor(zeros: [rows.count * group, all.shape[0]])
            compute.linear(
                queries, try compute.pack([LinearSource(weight: own)], .stacked), .identity, .replace, into: scores)
            add(layer: layer, scores: scores.floats(), of: group, rows, width: all.shape[0])
        }
    }

    /// Adds the softmax of `scores` `[rows * heads, width]`, each row over the slots that it sees.
    private mutating func add(layer: Int, scores: [Float], of heads: Int, _ rows: RowLayout, width: Int) {
        var weights = [Float](repeating: 0, count: width)
        for row in 0..<rows.count where rows.limits[row] > slots.lowerBound {
            let limit = Int(rows.limits[row])
            let seen = slots.clamped(to: 0..<limit)
            for start in stride(from: row * heads * width, to: (row + 1) * heads * width, by: width) {
                let most = scores[start..<start + limit].max() ?? 0
                var total: Float = 0
                for slot in 0..<limit {
                    weights[slot] = exp(scores[start + slot] - most)
                    total += weights[slot]
                }
                for slot in seen { sums[layer][slot - slots.lowerBound] += Double(weights[slot] / total) }
            }
            for slot in seen { counts[layer][slot - slots.lowerBound] += heads }
        }
    }
}
