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
    /// The exact engine's own prediction error at its image; nil without a prompt. See ``Pipelines/TextToImage``.
    public var exactInconsistency: Double?
    /// The exact engine's prediction error at this image: how far it would move it, told the prompt, from a noised version of it.
    public var inconsistency: Double?

    /// How much farther the exact engine would move this image than its own, as a share of that; nil without a prompt.
    public var inconsistencyGained: Double? {
        guard let exactInconsistency, let inconsistency, exactInconsistency > 0 else { return nil }
        return inconsistency / exactInconsistency - 1
    }

    /// What alignment is lost; nil without a prompt.
    public var alignmentLoss: Double? {
        guard let exactAlignment, let alignment else { return nil }
        return exactAlignment - alignment
    }

    /// Points that this image adds to the mean, 100 = all: what alignment is lost, or half of what is gained, and ``unfinishedPoints``. Nil without a prompt.
    /// Where the model is of two minds about an image, what changes it turns some answers for the better and some for the worse, so that losses alone are
    /// too many; but of an image that is really lost it sees a third, so that losses less gains are too few (`docs/judge.md`).
    package var points: Double? {
        guard let alignmentLoss, let unfinishedPoints else { return nil }
        return 100 * (alignmentLoss > 0 ? alignmentLoss : alignmentLoss / 2) + unfinishedPoints
    }

    /// A fifth of a point for each hundredth of inconsistency gained beyond the tenth that costs nothing. The model answers its prompt's questions rightly on
    /// blurred and broken shapes, too, so that alignment alone sees only what went wrong altogether; the inconsistency sees what is unfinished
    /// (`docs/judge.md`). Nil without a prompt.
    package var unfinishedPoints: Double? { inconsistencyGained.map { 20 * max(0, $0 - 0.1) } }

    /// Points lost by several images: the mean of ``points``. Where the model finds its prompts in some better than in the exact engine's, others may
    /// be worse by half of that, but what is unfinished is not paid for. Nil without prompts.
    package static func points(of losses: [DrawingLoss]) -> Double? {
        let (points, unfinished) = (losses.compactMap(\.points), losses.compactMap(\.unfinishedPoints))
        guard points.count == losses.count, !losses.isEmpty else { return nil }
        return net(points, atLeast: unfinished)
    }

    /// The mean of points by sample, of which gains pay for losses, but not for what is lost at least; 0 of none.
    static func net(_ points: [Double], atLeast least: [Double]) -> Double {
        let sum = points.reduce(0, +)
        return sum.isNaN ? .nan : max(sum, least.reduce(0, +)) / Double(max(1, points.count))
    }

    /// Points lost where the alignment says nothing: four for each hundredth of patch distance, and a fifth for each of inconsistency. Of the 64
    /// configurations of `docs/judge.md` it overrates 51, and underrates none by more than half (Spearman's correlation 0.74). Nil without a prompt.
    package var blindPoints: Double? { inconsistencyGained.map { 400 * patchDistance + 20 * max(0, $0) } }

    /// Whether the alignments of exact images are so low that those of others say nothing.
    public static func isBlind(_ exactAlignments: [Double]) -> Bool {
        !exactAlignments.isEmpty && exactAlignments.reduce(0, +) / Double(exactAlignments.count) < 0.02
    }

    /// What to do about it.
    public static let blindnessAdvice =
        "geometry.json's \"alignment\" says how to ask and what the model answers (docs/judge.md)"
}
