package import Compute
import Foundation
import Synchronization
public import Tensors

/// The language model: embedding, layers, final norm, and the output projection, which is packed when it is first needed
/// (generation never does).
///
/// Official file: `models/qwen2.py`.
package final class Qwen2Decoder: Sendable {
    let geometry: ShowO2Geometry.Stack
    let vocabulary: Int
    let layers: [TransformerLayer]
    package let finalNorm: Norm
    let rotary: RotaryTables
    /// `[vocabulary, hidden]`, looked up row by row in the mapped file.
    let embedding: Tensor
    private let outputSource: Tensor
    private let outputWeights = Mutex<(any LinearWeights)?>(nil)
    private let compute: any Compute

    init(_ loader: WeightLoader, _ geometry: ShowO2Geometry, layerLoaded: (Int) throws -> Void) throws {
        self.geometry = geometry.llm
        vocabulary = geometry.vocabulary
        compute = loader.compute
        embedding = try loader.source.tensor(
            "showo.model.embed_tokens.weight", shape: [vocabulary, geometry.llm.hidden]
        ).asFloatOrBFloat16()
        outputSource =
            loader.source.contains("showo.lm_head.weight")
            ? try loader.source.tensor("showo.lm_head.weight", shape: [vocabulary, geometry.llm.hidden]) : embedding
        layers = try (0..<geometry.llm.layers).map { i in
            let layer = try TransformerLayer(
                loader, "showo.model.layers.\(i)", geometry.llm, epsilon: geometry.llmEpsilon, bias: true,
                queryKeyNormEpsilon: nil)
            try layerLoaded(i)
            return layer
        }
        finalNorm = try loader.rmsNorm("showo.model.norm", geometry.llm.hidden, geometry.llmEpsilon)
        rotary = RotaryTables(
            inverseFrequencies: RotaryFrequencies.plain(
                headDim: geometry.llm.attention.headDim, theta: geometry.ropeTheta),
            positions: geometry.maxSequence)
    }

    var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    /// Caches for all layers.
    package func makeCaches(sequences: Int, capacity: Int) -> [any KeyValueCache] {
        layers.map { _ in compute.makeCache(geometry.attention, sequences: sequences, capacity: capacity) }
    }

    /// Runs all layers on `hidden` `[rows, hidden]` float32, in place: input embeddings -> hidden states before the final norm.
    package func callAsFunction(
        _ hidden: Tensor, _ rows: RowLayout, _ caches: [any KeyValueCache], _ workspace: Workspace,
        observe: Observer? = nil
    ) {
        let rotary = rotary.covering(rows)
        for (i, layer) in layers.enumerated() {
            layer(hidden, rows, caches[i], rotary, compute, workspace)
            observe?("llm.layer\(i)", hidden)
        }
    }

    /// Hidden states `[rows, hidden]` float32 -> logits `[rows, vocabulary]` float32.
    package func logits(_ hidden: Tensor, _ workspace: Workspace) throws -> Tensor {
        let normed = workspace.tensor("logits.x", hidden.shape, compute.activationType)  // [rows, hidden]
        compute.norm(hidden, finalNorm, nil, silu: false, into: normed)
        let logits = workspace.tensor("logits", [hidden.shape[0], vocabulary])  // [rows, vocabulary]
        compute.linear(normed, try output(), .identity, .replace, into: logits)
        return logits
    }

    private func output() throws -> any LinearWeights {
        try outputWeights.withLock { packed in
            if let packed { return packed }
            let made = try compute.pack([LinearSource(weight: outputSource)], .stacked)
            packed = made
            return made
        }
    }
}

/// Sees intermediates by name while a pass runs, for tests and analysis. The tensor is only valid during the call.
public typealias Observer = (String, Tensor) -> Void
