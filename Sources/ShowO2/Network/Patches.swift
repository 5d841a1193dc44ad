import Compute
package import Tensors

/// Between latents `[images, channels, height, width]` and token rows.
package enum Patches {
    /// Cuts latents into `patch x patch` squares in raster order, values ordered channel, row, column (a convolution weight's order):
    /// -> `[images * tokens, channels * patch * patch]`.
    static func cut(_ latents: Tensor, patch: Int, into rows: Tensor) {
        latents.cutSquares(side: patch, into: rows)
    }

    /// The diffusion head's outputs `[tokens, patch * patch * channels]` of one image -> latent order `[channels, height, width]`.
    ///
    /// The official `unpatchify` reads the values of token k as latent pixels `patch^2 k ...` in *raster* order, a strip
    /// rather than a square, although the embedders read squares. The models are trained that way.
    package static func join(_ rows: Tensor, channels: Int, into latents: Tensor) {
        rows.transpose(into: latents, columns: channels)
    }
}
