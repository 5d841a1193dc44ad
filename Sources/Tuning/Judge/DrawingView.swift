import Compute
import Pipelines
import Tensors

/// What the model itself sees in an image.
package struct DrawingView: Sendable {
    /// `[channels, height, width]`, flat.
    let latents: [Float]
    /// The semantic encoder's, `[tokens, width]` float32.
    let features: Tensor
    /// See ``DrawingLoss/alignment``.
    package let alignment: Double?
    /// See ``DrawingLoss/inconsistency``.
    package let inconsistency: Double?

    /// The loss against the exact engine's image.
    package func loss(against exact: DrawingView) -> DrawingLoss {
        return DrawingLoss(
            latentError: LatentError.relative(latents, exact.latents),
            semanticDistance: 1 - pooled.meanCosine(to: exact.pooled, rows: 0..<1),
            patchDistance: 1 - features.meanCosine(to: exact.features, rows: 0..<features.shape[0]),
            exactAlignment: exact.alignment,
            alignment: alignment, exactInconsistency: exact.inconsistency, inconsistency: inconsistency)
    }

    /// The mean over the tokens, `[1, width]`.
    private var pooled: Tensor {
        let (tokens, width) = (features.shape[0], features.shape[1])
        var sums = [Double](repeating: 0, count: width)
        for (place, value) in features.floats().enumerated() { sums[place % width] += Double(value) }
        return Tensor(sums.map { Float($0 / Double(tokens)) }, shape: [1, width])
    }
}
