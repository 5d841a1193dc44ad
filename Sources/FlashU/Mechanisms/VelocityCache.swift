public import ShowO2
public import Tensors

/// Whether an evaluation reuses the velocity of the last computed one: a policy's judgement, within limits that all policies share. The first
/// evaluations are computed, and no more than so many in a row are not.
public struct VelocityCache: Sendable {
    private enum Policy: Sendable {
        case easyCache(EasyCache)
        case magCache(MagCache)
    }

    private var policy: Policy
    private let warmup: Int
    private let longest: Int
    private let threshold: Double
    /// Reused since the last computed one.
    private var reused = 0
    /// What the last judgement was made by; nil where nothing was known yet.
    public private(set) var check: EvaluationCheck?

    /// - Parameters:
    ///   - profile: the profile's part on velocities.
    ///   - evaluations: of the whole trajectory.
    ///   - magnitude: the calibration's, for MagCache.
    /// - Returns: nil when the profile has no such cache, or MagCache no magnitudes.
    public init?(_ profile: AccelerationProfile.VelocityCache, evaluations: Int, magnitude: MagCache.Magnitude?) {
        switch profile.policy {
        case .off: return nil
        case .easyCache: policy = .easyCache(EasyCache(threshold: profile.threshold))
        case .magCache:
            guard let magnitude else { return nil }
            policy = .magCache(MagCache(threshold: profile.threshold, magnitude: magnitude))
        }
        warmup = Int((Double(evaluations) * profile.warmup).rounded(.up))
        longest = profile.longest
        threshold = profile.threshold
    }

    /// Whether evaluation `i`, at `time` and the state `latents`, reuses; to be asked of each one, in order.
    ///
    /// - Parameters:
    ///   - i: place of the evaluation.
    ///   - time: its time.
    ///   - latents: the state that would be evaluated.
    ///   - allowed: whether nothing else wants it computed.
    public mutating func reuses(_ i: Int, at time: Float, _ latents: Tensor, ifAllowed allowed: Bool) -> Bool {
        let judgement: Bool
        let sum: Double
        switch policy {
        case .easyCache(var cache):
            judgement = cache.reuses(at: latents)
            sum = cache.sum
            check = cache.rate == nil ? nil : EvaluationCheck(measured: sum, limit: threshold, isReused: false)
            policy = .easyCache(cache)
        case .magCache(var cache):
            judgement = cache.reuses(at: time)
            sum = cache.sum
            check = i == 0 ? nil : EvaluationCheck(measured: sum, limit: threshold, isReused: false)
            policy = .magCache(cache)
        }
        guard judgement, allowed, i >= warmup, reused < longest else { return false }
        reused += 1
        check = EvaluationCheck(measured: sum, limit: threshold, isReused: true)
        return true
    }

    /// Takes note of a computed evaluation at `time`: the velocity at `latents`.
    public mutating func accept(_ velocity: Tensor, at time: Float, _ latents: Tensor) {
        reused = 0
        switch policy {
        case .easyCache(var cache):
            cache.accept(velocity, at: latents)
            policy = .easyCache(cache)
        case .magCache(var cache):
            cache.accept(at: time)
            policy = .magCache(cache)
        }
    }
}
