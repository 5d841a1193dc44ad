package import Tensors

/// Where an image came by: the states from its noise to its latents.
package struct Trajectory: Sendable {
    /// One evaluation of the velocity.
    package struct State: Sendable {
        /// t, 0 = noise.
        package let time: Float
        /// `[1, channels, height, width]` float32.
        package let latents: Tensor
        /// With guidance, of the same shape.
        package let velocity: Tensor

        package init(time: Float, latents: Tensor, velocity: Tensor) {
            (self.time, self.latents, self.velocity) = (time, latents, velocity)
        }
    }

    /// In the order of time.
    package let states: [State]
    /// What came out.
    package let drawn: TextToImage.Drawn
}
