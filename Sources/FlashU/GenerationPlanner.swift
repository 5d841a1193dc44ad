public import ShowO2

/// Writes the plan of each evaluation of one image batch: the policies of a profile, composed.
///
/// Evaluations are counted from 0. A regime is chosen first (full, computed, cached), then layers, neurons, branches and features within it.
public struct GenerationPlanner: Sendable {
    private let profile: AccelerationProfile
    private let evaluations: Int
    private let layers: Int
    private let prunedNeurons: [[Range<Int>]]?
    private var skipped: Set<Int> = []
    private var nextRefresh = 0
    private var sinceBoth = 0

    /// - Parameters:
    ///   - evaluations: of the whole trajectory.
    ///   - layers: of the LLM.
    ///   - neurons: what the pruned FFN runs, per layer; nil = everything.
    public init(_ profile: AccelerationProfile, evaluations: Int, layers: Int, neurons: [[Range<Int>]]?) {
        self.profile = profile
        self.evaluations = evaluations
        self.layers = layers
        prunedNeurons = neurons
    }

    /// What the plans will extrapolate from.
    public var keeps: Denoising.Kept {
        var keeps: Denoising.Kept = []
        if profile.headCache.interval > 1 { keeps.insert(.head) }
        if profile.features.interval > 1 { keeps.insert(.features) }
        return keeps
    }

    /// Whether evaluation `i` belongs to the full phase: full FFN, all layers, head computed.
    public func isFull(_ i: Int) -> Bool {
        // A fraction that has no effect may be any number.
        guard profile.ffn.full != .never else { return false }
        let count = Int((Double(evaluations) * profile.ffn.fullFraction).rounded())
        return profile.ffn.full == .start ? i < count : i >= evaluations - count
    }

    /// Factor on the guidance scale at evaluation `i`.
    public func guidanceFactor(_ i: Int) -> Double {
        let early = Int((Double(evaluations) * profile.guidance.earlyFraction).rounded())
        return i < early ? profile.guidance.earlyFactor : 1
    }

    /// The plan of evaluation `i`. Call it once for each, in order; `importance` is what the last measuring evaluation found
    /// (``Denoising/layerImportance``).
    public mutating func plan(_ i: Int, importance: [Double]) -> StepPlan {
        var plan = StepPlan()
        let full = isFull(i)
        plan.branches = branches(i)
        if !full, profile.headCache.interval > 1, i >= max(1, profile.headCache.warmup),
            (i - profile.headCache.warmup) % profile.headCache.interval != 0
        {
            // On a cached evaluation nothing before the head's final layer runs.
            plan.head = .extrapolate(order: profile.headCache.order)
            return plan
        }
        if i > 0, profile.features.interval > 1, i % profile.features.interval != 0 {
            plan.features = .extrapolate(order: profile.features.order)
        }
        guard !full else { return plan }
        plan.neurons = prunedNeurons
        if Int(Double(layers) * profile.layers.generationRatio) > 0 {
            if !importance.isEmpty {
                skipped = LayerSkipping.leastImportant(importance, ratio: profile.layers.generationRatio)
            }
            // A refresh falls on the first computed evaluation after it is due, so that it costs no evaluation of its own.
            if i >= nextRefresh {
                plan.measuresLayers = true
                nextRefresh = i + profile.layers.refreshInterval
            } else {
                plan.skippedLayers = skipped
            }
        }
        return plan
    }

    private mutating func branches(_ i: Int) -> StepPlan.Branches {
        let tail = Int((Double(evaluations) * profile.guidance.conditionalTail).rounded())
        if i >= evaluations - tail { return .conditional }
        defer { sinceBoth += 1 }
        if sinceBoth % profile.guidance.differenceInterval == 0 { return .both }
        return .reusingDifference
    }
}
