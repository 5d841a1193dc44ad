import Compute
public import Tensors

/// Guidance widens the spread of what it guides; this brings it back.
///
/// "Common Diffusion Noise Schedules and Sample Steps are Flawed" (Lin et al., arXiv 2305.08891, section 3.4), with v_s the guided and v_c the
/// conditional prediction: v = phi (v_s std(v_c) / std(v_s)) + (1 - phi) v_s, the standard deviations over all elements of an image. There and in
/// diffusers (`guidance_rescale`) it acts on what the network predicts; here that is the velocity, not the image that it points to.
public enum GuidanceRescale {
    /// Rescales the guided velocities `[images, channels, height, width]` in place, each image by its own spread.
    ///
    /// - Parameters:
    ///   - share: phi, 0 ... 1; 0 changes nothing.
    ///   - guided: what is rescaled.
    ///   - conditional: of the same shape.
    public static func apply(_ share: Double, to guided: Tensor, conditional: Tensor) {
        guard share > 0 else { return }
        for i in 0..<guided.shape[0] {
            let (image, reference) = (guided.rows(i..<i + 1), conditional.rows(i..<i + 1))
            let spread = image.standardDeviation
            guard spread > 0 else { continue }
            let factor = Float(share * reference.standardDeviation / spread + (1 - share))
            image.update { _, value in value * factor }
        }
    }
}
