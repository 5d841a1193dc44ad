import Pipelines
import Tensors

/// What the model itself sees in an image.
package struct DrawingView: Sendable {
    /// `[channels, height, width]`, flat.
    let latents: [Float]
    /// The semantic encoder's, `[tokens, width]`, flat.
    let features: [Float]
    let width: Int
    /// See ``DrawingLoss/alignment``.
    package let alignment: Double?
    /// See ``DrawingLoss/inconsistency``.
    package let inconsistency: Double?

    /// The loss against the exact engine's image.
    package func loss(against exact: DrawingView) -> DrawingLoss {
        let patches = stride(from: 0, to: min(features.count, exact.features.count), by: max(1, width)).map {
            1 - Self.cosine(features[$0..<$0 + width], exact.features[$0..<$0 + width])
        }
        return DrawingLoss(
            latentError: LatentError.relative(latents, exact.latents),
            semanticDistance: 1 - Self.cosine(pooled[...], exact.pooled[...]),
            patchDistance: patches.reduce(0, +) / Double(max(1, patches.count)), exactAlignment: exact.alignment,
            alignment: alignment, exactInconsistency: exact.inconsistency, inconsistency: inconsistency)
    }

    /// The mean over the tokens.
    private var pooled: [Float] {
        var sums = [Double](repeating: 0, count: width)
        for (place, value) in features.enumerated() { sums[place % width] += Double(value) }
        return sums.map { Float($0 * Double(width) / Double(max(1, features.count))) }
    }

    private static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        var (ab, aa, bb) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            ab += Double(x) * Double(y)
            aa += Double(x) * Double(x)
            bb += Double(y) * Double(y)
        }
        return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : aa == bb ? 1 : 0
    }
}
