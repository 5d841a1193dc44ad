extension WanVAE {
    /// What it is asked for.
    public enum Direction: Sendable {
        /// Pixels to latents.
        case encoding
        /// Latents to pixels.
        case decoding
    }

    /// Bytes that one image takes.
    ///
    /// - Returns: intermediates, which are given back after each image, and weights, which are packed at the first image and stay.
    public func memory(_ direction: Direction, width: Int, height: Int) throws -> (intermediates: Int, weights: Int) {
        (4 * 4 * 96 * width * height, 300_000_000)
    }
}
