package import Compute
package import Tensors

/// Latents -> image embeddings: the semantic path and the low-level path (`image_embedder_gen`), joined by `fusion_proj`.
///
/// Official file: `models/modeling_showo2_qwen2_5.py`.
package struct DualPathFusion: Sendable {
    let encoder: SemanticEncoder
    let projector: any LinearWeights
    let norm: Norm
    let first: any LinearWeights
    let second: any LinearWeights
    let patch: Int
    let hidden: Int

    init(_ loader: WeightLoader, _ geometry: ShowO2Geometry, encoderLayerLoaded: () throws -> Void) throws {
        encoder = try SemanticEncoder(loader, geometry, layerLoaded: encoderLayerLoaded)
        patch = geometry.patch
        hidden = geometry.llm.hidden
        let both = geometry.vision.hidden + hidden
        projector = try loader.patchEmbedding(
            "image_embedder_gen.proj", hidden, channels: geometry.latentChannels, patch: patch)
        norm = try loader.rmsNorm("fusion_proj.0", both, 1e-6)
        first = try loader.linear("fusion_proj.1", hidden, both)
        second = try loader.linear("fusion_proj.3", hidden, hidden)
    }

    /// Adds the stages that turn latents `[images, channels, height, width]` float32 into embeddings.
    ///
    /// - Parameters:
    ///   - features: given features of the semantic path `[images * tokens, width]` instead of running it.
    ///   - computed: told the features that the semantic path computed, where it ran.
    /// - Returns: the embeddings `[images * tokens, hidden]` float32, in memory of the workspace, once the stages have run.
    package func add(
        to stages: Stages, _ latents: Tensor, features: Tensor? = nil, _ compute: any Compute, _ workspace: Workspace,
        computed: ((Tensor) -> Void)? = nil, observe: Observer? = nil
    ) -> Tensor {
        let images = latents.shape[0]
        let (patches, grid) = cut(to: stages, latents, workspace, named: "fusion.patches")
        // [images * tokens, hidden]
        let embeddings = workspace.tensor("fusion.embeddings", [images * grid.tokens, hidden])
        let semantic =  // [images * tokens, width]
            features ?? encoder.add(to: stages, patches, images: images, grid: grid, workspace, observe: observe)
        stages.add { [self] in
            if features == nil { computed?(semantic) }
            observe?("und_trans", semantic)
            join(patches, semantic, compute, workspace, into: embeddings, observe: observe)
        }
        return embeddings
    }

    /// Adds the stage that cuts latents `[images, channels, height, width]` float32 into patches.
    ///
    /// - Parameter name: of the patches' memory in the workspace.
    /// - Returns: `[images * tokens, patchWidth]` float32 once the stage has run, and each image's grid.
    func cut(to stages: Stages, _ latents: Tensor, _ workspace: Workspace, named name: String) -> (
        patches: Tensor, grid: TokenGrid
    ) {
        let grid = TokenGrid(height: latents.shape[2] / patch, width: latents.shape[3] / patch)
        let patches = workspace.tensor(name, [latents.shape[0] * grid.tokens, latents.shape[1] * patch * patch])
        stages.add { [patch] in Patches.cut(latents, patch: patch, into: patches) }
        return (patches, grid)
    }

    /// Joins both paths of some tokens: patches `[tokens, patchWidth]` and features `[tokens, width]` -> embeddings `[tokens, hidden]`, float32 all.
    func join(
        _ patches: Tensor, _ semantic: Tensor, _ compute: any Compute, _ workspace: Workspace, into embeddings: Tensor,
        observe: Observer? = nil
    ) {
        let count = patches.shape[0]
        let lowLevel = workspace.tensor("fusion.gen", [count, hidden])
        compute.linear(patches, projector, .identity, .replace, into: lowLevel)
        observe?("image_embedder_gen", lowLevel)

        let both = workspace.tensor("fusion.both", [count, semantic.shape[1] + hidden])
        both.setColumns(from: 0, semantic)
        both.setColumns(from: semantic.shape[1], lowLevel)
        let normed = workspace.tensor("fusion.normed", both.shape, compute.activationType)
        compute.norm(both, norm, nil, silu: false, into: normed)
        let inner = workspace.tensor("fusion.inner", [count, hidden], compute.activationType)
        compute.linear(normed, first, .gelu, .replace, into: inner)
        compute.linear(inner, second, .identity, .replace, into: embeddings)
        observe?("fusion_proj", embeddings)
    }
}
