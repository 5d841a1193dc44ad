package import Compute
import Foundation
package import Tensors

/// The diffusion head: `diff_proj`, modulated layers (`diffusion_head_a`) and the final layer (`diffusion_head_b`).
///
/// Official file: `models/modules.py`. Epsilon is 1e-5 in the layers' norms and 1e-6 elsewhere. adaLN's weights, a quarter of the head, are
/// needed once a schedule: they stay in the mapped file.
package final class FlowHead: Sendable {
    let geometry: ShowO2Geometry.Stack
    let patchWidth: Int
    /// LLM hidden -> head hidden; nil where they are equal.
    let projection: (first: any LinearWeights, second: any LinearWeights)?
    let layers: [TransformerLayer]
    private let layerModulations: [LinearSource]
    let finalNorm: Norm
    private let finalModulation: LinearSource
    let final: any LinearWeights
    let rotary: RotaryTables
    private let compute: any Compute

    init(_ loader: WeightLoader, _ geometry: ShowO2Geometry, layerLoaded: () throws -> Void) throws {
        let (head, width) = (geometry.head, geometry.head.hidden)
        self.geometry = head
        patchWidth = geometry.patchWidth
        compute = loader.compute
        projection =
            geometry.llm.hidden != width || loader.contains("diff_proj.0", "diff_proj.2")
            ? (
                try loader.linear("diff_proj.0", width, geometry.llm.hidden),
                try loader.linear("diff_proj.2", width, width)
            ) : nil
        layers = try (0..<head.layers).map {
            let layer = try TransformerLayer(
                loader, "diffusion_head_a.\($0)", head, epsilon: 1e-5, bias: false, queryKeyNormEpsilon: 1e-6)
            try layerLoaded()
            return layer
        }
        layerModulations = try (0..<head.layers).map {
            try loader.layer("diffusion_head_a.\($0).adaLN_modulation.1", 6 * width, width)
        }
        finalNorm = try loader.rmsNorm("diffusion_head_b.norm_final", width, 1e-6)
        finalModulation = try loader.layer("diffusion_head_b.adaLN_modulation.1", 2 * width, width)
        final = try loader.linear("diffusion_head_b.linear", geometry.patchWidth, width)
        rotary = RotaryTables(
            inverseFrequencies: RotaryFrequencies.head(headDim: head.attention.headDim),
            positions: geometry.maxSequence)
    }

    var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    /// Empty caches for all layers of one sequence.
    package func makeCaches() -> [any KeyValueCache] {
        layers.map { _ in compute.makeCache(geometry.attention) }
    }

    /// Adds the stages that compute adaLN of every layer for every time of a schedule, as one product a layer: it depends on t alone.
    /// conditioning `[times, width]` float32.
    func addModulations(to stages: Stages, _ conditioning: Tensor, then done: @escaping ([HeadModulation]) -> Void) {
        let times = conditioning.shape[0]
        let x = Tensor(conditioning.floats().map { $0 / (1 + exp(-$0)) }, shape: conditioning.shape)  // SiLU
        var rows: [Tensor] = []  // of each layer [times, 6 width], of the final one [times, 2 width]
        for source in layerModulations + [finalModulation] {
            stages.add { [compute] in
                let out = Tensor(zeros: [times, source.shape[0]])
                compute.linear(x, once: source, into: out)
                source.evict()
                rows.append(out)
            }
        }
        stages.add { [geometry] in
            done(
                (0..<times).map { t in
                    let final = rows[rows.count - 1].rows(t..<t + 1).reshaped([2, geometry.hidden])
                    return HeadModulation(
                        layers: rows.dropLast().map { LayerModulation($0.rows(t..<t + 1).reshaped([$0.shape[1]])) },
                        finalShift: final.rows(0..<1).reshaped([geometry.hidden]),
                        finalScale: final.rows(1..<2).reshaped([geometry.hidden]))
                })
        }
    }

    /// LLM hidden states after the final norm, `[rows, llm hidden]` activations -> the head's input `hidden` `[rows, hidden]` float32.
    package func project(_ x: Tensor, into hidden: Tensor, _ workspace: Workspace) {
        if let projection {
            let inner = workspace.tensor("head.inner", [x.shape[0], geometry.hidden], compute.activationType)
            compute.linear(x, projection.first, .gelu, .replace, into: inner)
            compute.linear(inner, projection.second, .identity, .replace, into: hidden)
        } else {
            hidden.set(x.floats())
        }
    }

    /// Adds the stages that run the modulated layers on `hidden` `[rows, hidden]` in place. Without a modulation (text rows) shift and scale are
    /// 0 and the gate is 1.
    ///
    /// - Parameters:
    ///   - caches: of a layer, one for each sequence that `rows` numbers.
    ///   - range: the layers; nil = all.
    package func add(
        to stages: Stages, _ hidden: Tensor, _ rows: RowLayout, caches: @escaping (Int) -> [any KeyValueCache],
        _ modulation: HeadModulation?, modulated: RowMask? = nil, _ workspace: Workspace,
        layers range: Range<Int>? = nil, observe: Observer? = nil
    ) {
        let rotary = rotary.covering(rows)
        for i in range ?? layers.indices {
            let layer = layers[i]
            stages.add { [compute] in
                layer.add(
                    to: stages, hidden, rows, caches(i), rotary, modulation: modulation?.layers[i],
                    modulated: modulated, compute, workspace)
                if let observe { stages.add { observe("head_layer\(i)", hidden) } }
            }
        }
    }

    /// The final layer: hidden `[rows, hidden]` -> velocities `[rows, patchWidth]` float32.
    package func velocities(
        _ hidden: Tensor, _ modulation: HeadModulation, modulated: RowMask? = nil, _ workspace: Workspace
    ) -> Tensor {
        let x = workspace.tensor("head.x", hidden.shape, compute.activationType)
        compute.norm(
            hidden, finalNorm,
            Modulation(shift: modulation.finalShift, scale: modulation.finalScale, rows: modulated), silu: false,
            into: x)
        let out = workspace.tensor("head.velocities", [hidden.shape[0], patchWidth])
        compute.linear(x, final, .identity, .replace, into: out)
        return out
    }
}

/// adaLN of the whole head at one time.
package struct HeadModulation: Sendable {
    let layers: [LayerModulation]
    /// `[hidden]`
    let finalShift: Tensor
    /// `[hidden]`
    let finalScale: Tensor
}
