/// How far an image is from the exact engine's of the same prompt and noise.
public struct DrawingLoss: Sendable, Equatable, Codable {
    /// `||latents - exact|| / ||exact||`.
    public var latentError: Double
    /// 1 - cosine of the mean features that the model's semantic encoder gives of the two images: what is shown, wherever it stands.
    public var semanticDistance: Double
    /// Mean of 1 - cosine of the features patch by patch: what is shown where.
    public var patchDistance: Double
    /// The alignment of the exact engine's image: the probability that the model itself, asked, finds the prompt in it. nil without a prompt.
    public var exactAlignment: Double?
    /// The alignment of this image.
    public var alignment: Double?

    /// What alignment is lost; nil without a prompt.
    public var alignmentLoss: Double? {
        guard let exactAlignment, let alignment else { return nil }
        return exactAlignment - alignment
    }
}
