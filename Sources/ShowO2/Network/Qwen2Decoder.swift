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
    private let outputSource: LinearSource
    private let outputBits: WeightBits
    private let outputWeights = Mutex<(any LinearWeights)?>(nil)
    private let compute: any Compute

    /// - Parameter neuronOrder: per layer, the order in which FFN neurons are packed; nil = as stored.
    init(
        _ loader: WeightLoader, _ geometry: ShowO2Geometry, neuronOrder: [[Int]]? = nil,
        layerLoaded: () throws -> Void
    ) throws {
        self.geometry = geometry.llm
        vocabulary = geometry.vocabulary
        compute = loader.compute
        embedding = try loader.tensor("showo.model.embed_tokens.weight", [vocabulary, geometry.llm.hidden])
            .asFloatOrBFloat16()
        outputSource =
            loader.source.contains("showo.lm_head.weight")
            ? try loader.layer("showo.lm_head", vocabulary, geometry.llm.hidden, bias: false)
            : LinearSource(weight: embedding)
        outputBits = loader.bits("showo.lm_head.weight", geometry.llm.hidden)
        layers = try (0..<geometry.llm.layers).map { i in
            let layer = try TransformerLayer(
                loader, "showo.model.layers.\(i)", geometry.llm, epsilon: geometry.llmEpsilon, bias: true,
                queryKeyNormEpsilon: nil, neuronOrder: neuronOrder?[i])
            try layerLoaded()
            return layer
        }
        finalNorm = try loader.rmsNorm("showo.model.norm", geometry.llm.hidden, geometry.llmEpsilon)
        rotary = RotaryTables(
            inverseFrequencies: RotaryFrequencies.plain(
                headDim: geometry.llm.attention.headDim, theta: geometry.ropeTheta),
            positions: geometry.maxSequence)
    }

    var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    /// Empty caches for all layers of one sequence.
    package func makeCaches() -> [any KeyValueCache] {
        layers.map { _ in compute.makeCache(geometry.attention) }
    }

    /// Adds the stages that run layers on `hidden` `[rows, hidden]` float32, in place: input embeddings -> hidden states before the final norm.
    ///
    /// - Parameters:
    ///   - rows: the layout of the rows in a layer: sequences whose tokens were cut have other slots in later layers.
    ///   - caches: of a layer, one for each sequence that `rows` numbers.
    ///   - range: the layers; nil = all.
    ///   - skipped: layers among them that are left out.
    ///   - neurons: per layer of the whole stack, the packed neurons to run; nil = all.
    ///   - forCache: whether nobody reads the hidden states that come out, only the caches: the last layer then stops at its keys and values.
    ///   - measure: told each layer's number, input and output, `[rows, hidden]` both.
    ///   - probes: who looks into the layers.
    package func add(
        to stages: Stages, _ hidden: Tensor, rows: @escaping (Int) -> RowLayout,
        caches: @escaping (Int) -> [any KeyValueCache], _ workspace: Workspace, layers range: Range<Int>? = nil,
        skipping skipped: Set<Int> = [], neurons: [[Range<Int>]]? = nil, forCache: Bool = false,
        measure: ((Int, Tensor, Tensor) -> Void)? = nil, probes: [LayerProbe] = [], observe: Observer? = nil
    ) {
        let running = (range ?? layers.indices).filter { !skipped.contains($0) }
        for i in running {
            stages.add { [self] in
                let (rows, caches) = (rows(i), caches(i))
                let rotary = rotary.covering(rows)
                let show = show(i, rows, probes.filter { $0.layers.contains(i) }, observe)
                if forCache, i == running.last {
                    layers[i].remember(hidden, rows, caches, rotary, compute, workspace, show: show)
                    return
                }
                let before = measure.map { _ in workspace.tensor("decoder.before", hidden.shape) }
                before?.copy(from: hidden)
                layers[i].add(
                    to: stages, hidden, rows, caches, rotary, neurons: neurons?[i], compute, workspace, show: show)
                guard before != nil || observe != nil else { return }
                stages.add {
                    if let before { measure?(i, before, hidden) }
                    observe?("llm.layer\(i)", hidden)
                }
            }
        }
    }

    /// Shows what happens inside of layer `i` to those who look; nil = nobody does.
    private func show(_ i: Int, _ rows: RowLayout, _ probes: [LayerProbe], _ observe: Observer?)
        -> ((LayerReading) -> Void)?
    {
        guard !probes.isEmpty || observe != nil else { return nil }
        return { reading in
            for probe in probes { probe.show(i, rows, reading) }
            observe?("llm.layer\(i).\(reading.name)", reading.tensor)
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
            let made = try compute.pack([outputSource], .stacked, bits: outputBits)
            outputSource.evict()
            packed = made
            return made
        }
    }
}

/// Sees intermediates by name while a pass runs, for tests and analysis. The tensor is only valid during the call.
public typealias Observer = (String, Tensor) -> Void
