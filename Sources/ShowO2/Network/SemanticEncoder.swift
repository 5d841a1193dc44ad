import Compute
import Foundation
import Synchronization
import Tensors

/// The SigLIP-style encoder that runs on latents (`image_embedder_und`, `position_embedding`, `und_trans`).
///
/// Official files: `models/modeling_semantic_layers.py`, `models/modeling_showo2_qwen2_5.py`.
final class SemanticEncoder: Sendable {
    struct Layer: Sendable {
        let norm1: Norm
        let queryKeyValue: any LinearWeights
        let output: any LinearWeights
        let norm2: Norm
        let expand: any LinearWeights
        let contract: any LinearWeights
    }

    let geometry: ShowO2Geometry.Stack
    let own: TokenGrid
    let patchEmbedding: any LinearWeights
    let layers: [Layer]
    /// `[positions, width]` float32, a square grid.
    let positionTable: Tensor
    /// Of the grids that were used last: a process that is asked for every size must not keep them all.
    private let resized = Mutex(LRUCache<TokenGrid, Tensor>(capacity: 4))
    private let compute: any Compute

    init(_ loader: WeightLoader, _ geometry: ShowO2Geometry, layerLoaded: () throws -> Void) throws {
        let (vision, width) = (geometry.vision, geometry.vision.hidden)
        self.geometry = vision
        own = geometry.grid
        compute = loader.compute
        patchEmbedding = try loader.patchEmbedding(
            "image_embedder_und.proj", width, channels: geometry.latentChannels, patch: geometry.patch)
        positionTable = try loader.tensor("position_embedding.weight", [geometry.positions, width]).toFloat32()
        layers = try (0..<vision.layers).map { i in
            let prefix = "und_trans.layers.\(i)"
            let layer = Layer(
                norm1: try loader.layerNorm(prefix + ".layer_norm1", width, geometry.visionEpsilon),
                queryKeyValue: try loader.queryKeyValue(
                    prefix + ".self_attn", vision.attention, hidden: width, bias: true),
                output: try loader.linear(prefix + ".self_attn.out_proj", width, vision.attention.queryWidth),
                norm2: try loader.layerNorm(prefix + ".layer_norm2", width, geometry.visionEpsilon),
                expand: try loader.linear(prefix + ".mlp.fc1", vision.intermediate, width),
                contract: try loader.linear(prefix + ".mlp.fc2", width, vision.intermediate))
            try layerLoaded()
            return layer
        }
    }

    var byteCount: Int {
        layers.reduce(0) {
            $0 + $1.queryKeyValue.byteCount + $1.output.byteCount + $1.expand.byteCount + $1.contract.byteCount
        }
    }

    /// Adds the stages that turn patches `[images * tokens, patchWidth]` float32 into features.
    ///
    /// - Returns: the features `[images * tokens, width]` float32, in memory of the workspace, once the stages have run.
    func add(
        to stages: Stages, _ patches: Tensor, images: Int, grid: TokenGrid, _ workspace: Workspace,
        observe: Observer? = nil
    ) -> Tensor {
        // [images * tokens, width]
        let hidden = workspace.tensor("und.hidden", [images * grid.tokens, geometry.hidden])
        embed(to: stages, patches, images: images, grid: grid, into: hidden, observe: observe)
        // Every token of an image sees all tokens of that image.
        let attention = workspace.value("und \(images) \(grid.tokens)") {
            self.attention(images: images, tokens: grid.tokens)
        }
        run(to: stages, hidden, attention, layers: layers.indices, workspace, observe: observe)
        return hidden
    }

    /// Adds the stage that writes embedded patches with their positions to `hidden` `[images * tokens, width]` float32.
    func embed(
        to stages: Stages, _ patches: Tensor, images: Int, grid: TokenGrid, into hidden: Tensor,
        observe: Observer? = nil
    ) {
        stages.add { [self] in
            compute.linear(patches, patchEmbedding, .identity, .replace, into: hidden)
            observe?("image_embedder_und", hidden)
            let table = positions(for: grid)  // [tokens, width]
            for image in 0..<images { hidden.rows(image * grid.tokens..<(image + 1) * grid.tokens).add(table) }
        }
    }

    /// Which rows see each other, and where their keys and values are: of each layer those of each image.
    typealias Attention = (rows: RowLayout, caches: [[any KeyValueCache]])

    /// Keys and values of a film's last frame in each layer: in the next one they stand for the tokens that did not change.
    typealias FilmKeys = [any KeyValueCache]

    /// Nothing yet, for the first frame.
    func filmKeys() -> FilmKeys { layers.map { _ in compute.makeCache(geometry.attention) } }

    /// All tokens of an image see each other. The layers run one after the other in the same memory.
    func attention(images: Int, tokens: Int) -> Attention {
        var rows = RowLayout()
        for image in 0..<images { rows.append(sequence: image, start: 0, count: tokens, span: 0..<tokens) }
        let caches = (0..<images).map { _ in compute.makeCache(geometry.attention) }
        return (rows, Array(repeating: caches, count: layers.count))
    }

    /// Some tokens of a film's frame see all of its `count` tokens, the others as they were in a frame before.
    func attention(of tokens: [Int], among count: Int, _ film: FilmKeys) -> Attention {
        var rows = RowLayout()
        rows.append(
            sequence: 0, slots: tokens, positions: tokens, limits: Array(repeating: count, count: tokens.count))
        return (rows, film.map { [$0] })
    }

    /// Adds the stages that run some layers on `hidden` `[rows, width]` float32, in place.
    ///
    /// - Parameter show: is shown each layer's projections `[rows, 3 width]` float32.
    func run(
        to stages: Stages, _ hidden: Tensor, _ attention: Attention, layers range: Range<Int>, _ workspace: Workspace,
        show: ((Tensor) -> Void)? = nil, observe: Observer? = nil
    ) {
        let (count, width, heads) = (hidden.shape[0], geometry.hidden, geometry.attention)
        let rows = attention.rows
        for i in range {
            let (layer, caches) = (layers[i], attention.caches[i])
            stages.add { [self] in
                let x = workspace.tensor("und.x", [count, width], compute.activationType)  // [rows, width]
                let fused = workspace.tensor("und.qkv", [count, heads.fusedWidth])  // [rows, 3 width]
                let queries = workspace.tensor("und.q", [count, heads.queryWidth])  // [rows, width]
                let mixed = workspace.tensor("und.attention", [count, heads.queryWidth], compute.activationType)
                let inner = workspace.tensor("und.inner", [count, geometry.intermediate], compute.activationType)
                compute.norm(hidden, layer.norm1, nil, silu: false, into: x)
                compute.linear(x, layer.queryKeyValue, .identity, .replace, into: fused)
                show?(fused)
                compute.heads(fused, heads, nil, nil, rows, caches, into: queries)
                compute.attention(queries, heads, rows, caches, into: mixed)
                compute.linear(mixed, layer.output, .identity, .residual, into: hidden)
                compute.norm(hidden, layer.norm2, nil, silu: false, into: x)
                compute.linear(x, layer.expand, .geluTanh, .replace, into: inner)
                compute.linear(inner, layer.contract, .identity, .residual, into: hidden)
                observe?("und_trans.layer\(i)", hidden)
            }
        }
    }

    /// The learned table, resized bicubically for grids other than its own (`interpolate_pos_encoding`).
    private func positions(for grid: TokenGrid) -> Tensor {
        let side = Int(Double(positionTable.shape[0]).squareRoot().rounded())
        if grid.height * grid.width == positionTable.shape[0], grid == own || grid.height == side {
            return positionTable
        }
        return resized.withLock { known in
            known.value(for: grid) { BicubicTable.resize(positionTable, side: side, to: grid) }
        }
    }
}
