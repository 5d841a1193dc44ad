import Tensors

extension WanVAE {
    /// What a VAE is asked for.
    public enum Direction: Sendable {
        /// Pixels to latents.
        case encoding
        /// Latents to pixels.
        case decoding
    }

    /// Bytes that one image takes. Nothing is packed to find out.
    ///
    /// - Parameters:
    ///   - direction: encoding or decoding.
    ///   - width: of the pixels.
    ///   - height: of the pixels.
    /// - Returns: intermediates, which are given back after each image, and weights, which are packed at the first image and stay.
    /// - Throws: ``ModelError`` if the weights are no Wan VAE's.
    public func memory(_ direction: Direction, width: Int, height: Int) throws -> (intermediates: Int, weights: Int) {
        var loader = loader
        loader.findings = WeightFindings(file: loader.source.location)
        switch direction {
        case .encoding:
            return try makeEncoder(loader, latent: channels, bandBytes: bandBytes).memory(height: height, width: width)
        case .decoding:
            return try makeDecoder(loader, latent: channels, bandBytes: bandBytes)
                .memory(height: height / Self.scale, width: width / Self.scale)
        }
    }
}
