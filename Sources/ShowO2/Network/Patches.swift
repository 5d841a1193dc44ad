import Compute
package import Tensors

/// Between latents `[images, channels, height, width]` and token rows.
package enum Patches {
    /// Cuts latents into `patch x patch` squares in raster order, values ordered channel, row, column (a convolution weight's order):
    /// -> `[images * tokens, channels * patch * patch]`.
    static func cut(_ latents: Tensor, patch: Int, into rows: Tensor) {
        let (channels, height, width) = (latents.shape[1], latents.shape[2], latents.shape[3])
        let (gridHeight, gridWidth) = (height / patch, width / patch)
        let input = latents.floats()
        rows.update { at, _ in
            let (token, value) = (at / (channels * patch * patch), at % (channels * patch * patch))
            let (image, place) = (token / (gridHeight * gridWidth), token % (gridHeight * gridWidth))
            let (channel, inside) = (value / (patch * patch), value % (patch * patch))
            let row = place / gridWidth * patch + inside / patch
            let column = place % gridWidth * patch + inside % patch
            return input[((image * channels + channel) * height + row) * width + column]
        }
    }

    /// The diffusion head's outputs `[tokens, patch * patch * channels]` of one image -> latent order `[channels, height, width]`.
    ///
    /// The official `unpatchify` reads the values of token k as latent pixels `patch^2 k ...` in *raster* order, a strip
    /// rather than a square, although the embedders read squares. The models are trained that way.
    package static func join(_ rows: Tensor, channels: Int, into latents: Tensor) {
        let pixels = latents.count / channels
        let input = rows.floats()
        latents.update { at, _ in
            let (channel, pixel) = (at / pixels, at % pixels)
            return input[pixel * channels + channel]
        }
    }
}
