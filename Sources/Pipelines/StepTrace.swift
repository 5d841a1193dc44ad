import FlashU
import ShowO2

/// What one evaluation of the velocity did.
public struct StepTrace: Sendable, Codable, Equatable {
    /// Its number, from 0.
    public var evaluation: Int
    /// t, 0 = noise, 1 = image.
    public var time: Float
    /// `full` (the hybrid FFN's full phase), `computed`, `cached` (the head's last states) or `reused` (the velocity).
    public var regime: String
    /// Guidance scale applied.
    public var guidance: Float
    /// `both`, `conditional` or `reused difference`.
    public var branches: String
    /// LLM layers left out.
    public var skippedLayers: [Int]
    /// What each LLM layer did: `computed` (all of its neurons), `pruned` (some of them) or `skipped`; where what it adds is taken from earlier
    /// evaluations, `reused` or `forecast`.
    public var layers: [String]
    /// Whether layer importance was measured.
    public var measuredLayers: Bool
    /// FFN neurons run, over all LLM layers.
    public var neurons: Int
    /// `computed`, `reused` or `forecast`.
    public var head: String
    /// `computed`, `reused`, `forecast` or `not needed`.
    public var features: String
    /// `computed`, or `reused` or `forecast`, where nothing else is needed.
    public var velocity: String
    /// What was measured to decide by, in the order in which it was decided.
    public var checks: [Check]
    /// Floating-point operations.
    public var flops: Int
    /// Milliseconds.
    public var milliseconds: Double

    /// A measured quantity that decided whether something was reused.
    public struct Check: Sendable, Codable, Equatable {
        /// What might have been reused: `velocity`, `head` (the forecast of its last states) or `blocks` (what the LLM's later layers and the head add).
        public var of: String
        /// What was measured: of `velocity` the expected relative change since it was computed, of `head` the forecast's relative error on the last
        /// layer, of `blocks` the relative change of what the first layers add.
        public var measured: Double
        /// What it was held against.
        public var limit: Double
        /// Whether it was reused. A small change may still be computed: in the warm-up, or after too many reuses in a row.
        public var reused: Bool

        init(of: String, _ check: EvaluationCheck) {
            self.of = of
            measured = check.measured
            limit = check.limit
            reused = check.isReused
        }
    }

    init(
        evaluation: Int, time: Float, plan: StepPlan, full: Bool, velocityCheck: EvaluationCheck? = nil,
        checks: EvaluationChecks = .init(), guidance: Float, layers: Int, width: Int, flops: Int, seconds: Double
    ) {
        func source(_ order: Int?) -> String { order.map { $0 == 0 ? "reused" : "forecast" } ?? "computed" }
        var headOrder: Int?
        if case .extrapolate(let order) = plan.head { headOrder = order }
        var featureOrder: Int?
        if case .extrapolate(let order) = plan.features { featureOrder = order }
        if case .verified(let order, _) = plan.head, checks.head?.isReused == true { headOrder = order }
        // Layers that ran nothing.
        var reused = Set<Int>()
        if case .reuseBeyond(let first, _) = plan.blocks, checks.blocks?.isReused == true {
            reused = Set(min(first, layers)..<layers)
        }
        var velocityOrder: Int?
        if case .reuse(let order, _) = plan.velocity { velocityOrder = order }
        let velocityReused = velocityOrder != nil
        let cached = headOrder != nil || velocityReused
        let skipped = plan.measuresLayers ? reused : plan.skippedLayers.union(reused)
        self.evaluation = evaluation
        self.time = time
        regime = velocityReused ? "reused" : cached ? "cached" : full ? "full" : "computed"
        self.guidance = guidance
        branches =
            switch plan.branches {
            case .both: "both"
            case .conditional: "conditional"
            case .reusingDifference: "reused difference"
            }
        skippedLayers = cached ? Array(0..<layers) : skipped.sorted()
        self.layers = (0..<layers).map { layer in
            if cached { return source(velocityOrder ?? headOrder) }
            if reused.contains(layer) { return "reused" }
            if skipped.contains(layer) { return "skipped" }
            let count = plan.neurons.map { $0[layer].reduce(0) { $0 + $1.count } } ?? width
            return count < width ? "pruned" : "computed"
        }
        measuredLayers = plan.measuresLayers
        neurons =
            cached
            ? 0
            : (0..<layers).filter { !skipped.contains($0) }.reduce(0) { sum, layer in
                sum + (plan.neurons.map { $0[layer].reduce(0) { $0 + $1.count } } ?? width)
            }
        head = velocityReused ? "not needed" : checks.blocks?.isReused == true ? "reused" : source(headOrder)
        features = cached ? "not needed" : source(featureOrder)
        velocity = source(velocityOrder)
        self.checks = [("velocity", velocityCheck), ("head", checks.head), ("blocks", checks.blocks)].compactMap {
            name, check in check.map { Check(of: name, $0) }
        }
        self.flops = flops
        milliseconds = seconds * 1000
    }
}
