import Compute
package import Tensors

extension ShowO2Model {
    /// What the semantic encoder makes of an image, by itself: the features that understanding and drawing are based on.
    ///
    /// - Parameter latents: `[1, channels, height, width]` float32, normalised, of an image without noise.
    /// - Returns: `[tokens, width]` float32.
    /// - Throws: ``ModelError/request(_:)`` for a shape that the model can't embed.
    package func semanticFeatures(of latents: Tensor) throws -> Tensor {
        let tokens = try geometry.tokens(of: latents)
        let (patch, workspace, stages) = (geometry.patch, Workspace(), Stages())
        let grid = TokenGrid(height: latents.shape[2] / patch, width: latents.shape[3] / patch)
        let patches = workspace.tensor("fusion.patches", [tokens, latents.shape[1] * patch * patch])
        stages.add { Patches.cut(latents, patch: patch, into: patches) }
        // [tokens, width]
        let features = fusion.encoder.add(to: stages, patches, images: 1, grid: grid, workspace)
        try stages.finish()
        return features.toFloat32()
    }
}
