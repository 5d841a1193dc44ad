public import ShowO2
public import Tensors

/// Writes the plan of each evaluation of one image batch: the policies of a profile, composed.
///
/// Evaluations are counted from 0. A regime is chosen first (reused, full, computed, cached), then layers, neurons, branches and features within it.
/// Policies that adapt to the request are told what became of an evaluation by ``observe(_:)``.
public struct GenerationPlanner: Sendable {
    private let profile: AccelerationProfile
    private let evaluations: Int
    private let layers: Int
    private let prunedNeurons: [[Range<Int>]]?
    private let times: [Float]
    private let interval: GuidanceInterval
    private var skipped: Set<Int> = []
    private var nextRefresh = 0
    private var sinceBoth = 0
    private var forecasts: ForecastSchedule
    private var velocities: VelocityCache?
    /// The evaluation that was planned last, whether it forecasts, and whether the last computed one was guided.
    private var current = 0
    private var isForecast = false
    private var computedGuided = false
    /// What the last plan was decided by, if by something measured.
    public private(set) var velocityCheck: EvaluationCheck?

    /// - Parameters:
    ///   - profile: what may be done to be faster.
    ///   - evaluations: of the whole trajectory.
    ///   - layers: of the LLM.
    ///   - neurons: what the pruned FFN runs, per layer; nil = everything.
    ///   - times: of the evaluations (``Sampler/evaluationTimes(_:of:)``); nil = evenly spread over 0 ..< 1.
    ///   - magnitude: the calibration's, for profiles that need it; without it they compute every evaluation.
    public init(
        _ profile: AccelerationProfile, evaluations: Int, layers: Int, neurons: [[Range<Int>]]?, times: [Float]? = nil,
        magnitude: MagCache.Magnitude? = nil
    ) {
        self.profile = profile
        self.evaluations = evaluations
        self.layers = layers
        prunedNeurons = neurons
        self.times = times ?? (0..<max(0, evaluations)).map { Float($0) / Float(evaluations) }
        interval = GuidanceInterval(profile.guidance)
        forecasts = ForecastSchedule(profile.headCache)
        velocities = VelocityCache(profile.velocityCache, evaluations: evaluations, magnitude: magnitude)
    }

    /// What the plans will extrapolate from, or reuse.
    public var keeps: Denoising.Kept {
        var keeps: Denoising.Kept = []
        if profile.headCache.interval > 1 { keeps.insert(.head) }
        if forecasts.isVerified { keeps.insert(.headInput) }
        if profile.features.interval > 1 { keeps.insert(.features) }
        if profile.blockCache.layers > 0 { keeps.insert(.residuals) }
        if velocities != nil { keeps.insert(.velocity) }
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

    /// The plan of evaluation `i`. Call it once for each, in order.
    ///
    /// - Parameters:
    ///   - i: place of the evaluation.
    ///   - importance: what the last measuring evaluation found (`Denoising/layerImportance`).
    ///   - latents: the state that will be evaluated, float32; it is kept and must not change. Nil where no solver runs: velocities are not reused
    ///     then.
    public mutating func plan(_ i: Int, importance: [Double], latents: Tensor? = nil) -> StepPlan {
        var plan = StepPlan()
        let full = isFull(i)
        current = i
        plan.rescale = profile.guidance.rescale
        velocityCheck = nil
        isForecast = false
        if let latents, reusesVelocity(i, latents, full: full) {
            // Nothing runs: neither branch, and the difference of the two is the last one.
            plan.velocity = .reuse(order: profile.velocityCache.order, drift: profile.velocityCache.drift)
            plan.branches = isGuided(i) ? .reusingDifference : .conditional
            return plan
        }
        plan.branches = branches(i)
        computedGuided = isGuided(i)
        if !full, forecasts.forecasts(i) {
            // On a cached evaluation nothing before the head's final layer runs, or nothing before the last layer that checks the forecast.
            let (order, tolerance) = (profile.headCache.order, profile.headCache.tolerance)
            plan.head =
                forecasts.isVerified
                ? .verified(order: order, tolerance: tolerance) : .extrapolate(order: order)
            guard forecasts.isVerified else { return plan }
            isForecast = true
        } else {
            forecasts.computed(i)
        }
        if i > 0, profile.features.interval > 1, i % profile.features.interval != 0 {
            plan.features = .extrapolate(order: profile.features.order)
        }
        if profile.blockCache.layers > 0 {
            // All run, and what they add is remembered.
            plan.blocks = .reuseBeyond(layers: profile.blockCache.layers, ifChangeBelow: 0)
        }
        guard !full else { return plan }
        plan.neurons = prunedNeurons
        if Int(Double(layers) * profile.layers.generationRatio) > 0 {
            if !importance.isEmpty {
                skipped = LayerSkipping.leastImportant(importance, ratio: profile.layers.generationRatio)
            }
            // A refresh falls on the first computed evaluation after it is due, so that it costs no evaluation of its own.
            if i >= nextRefresh, plan.head == .compute {
                plan.measuresLayers = true
                nextRefresh = i + profile.layers.refreshInterval
            } else {
                plan.skippedLayers = skipped
            }
        }
        if profile.blockCache.layers > 0, !plan.measuresLayers {
            plan.blocks = .reuseBeyond(
                layers: profile.blockCache.layers, ifChangeBelow: profile.blockCache.threshold)
        }
        return plan
    }

    /// What became of an evaluation.
    public struct Outcome: Sendable {
        /// The state that was evaluated, float32; it is kept.
        public let latents: Tensor
        /// The guided velocity there, float32.
        public let velocity: Tensor
        /// What was measured on the way (`Denoising/checks`).
        public let checks: EvaluationChecks

        /// What became of the evaluation at `latents`.
        public init(latents: Tensor, velocity: Tensor, checks: EvaluationChecks) {
            self.latents = latents
            self.velocity = velocity
            self.checks = checks
        }
    }

    /// Takes note of what became of the evaluation that was planned last.
    public mutating func observe(_ outcome: Outcome) {
        // Refused, or there was nothing to forecast from.
        if isForecast, outcome.checks.head?.isReused != true { forecasts.computed(current) }
        if velocityCheck?.isReused != true {
            let time = time(current)
            velocities?.accept(outcome.velocity, at: time, outcome.latents)
        }
    }

    private func time(_ i: Int) -> Float { times.indices.contains(i) ? times[i] : 1 }

    /// Whether the last computed velocity will do.
    private mutating func reusesVelocity(_ i: Int, _ latents: Tensor, full: Bool) -> Bool {
        // A difference of the branches that was never computed can't be reused.
        let canReuse = !full && i > 0 && (computedGuided || !isGuided(i))
        let time = time(i)
        let reuses = velocities?.reuses(i, at: time, latents, ifAllowed: canReuse) ?? false
        velocityCheck = velocities?.check
        return reuses
    }

    /// Whether the guided velocity is wanted at evaluation `i`.
    private func isGuided(_ i: Int) -> Bool {
        let tail = Int((Double(evaluations) * profile.guidance.conditionalTail).rounded())
        return i < evaluations - tail && interval.contains(time(i))
    }

    private mutating func branches(_ i: Int) -> StepPlan.Branches {
        guard isGuided(i) else { return .conditional }
        defer { sinceBoth += 1 }
        if sinceBoth % profile.guidance.differenceInterval == 0 { return .both }
        return .reusingDifference
    }
}
