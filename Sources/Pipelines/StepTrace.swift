import FlashU
import ShowO2

/// What one evaluation of the velocity did.
public struct StepTrace: Sendable, Codable, Equatable {
    /// Its number, from 0.
    public var evaluation: Int
    /// t, 0 = noise, 1 = image.
    public var time: Float
    /// `full` (the hybrid FFN's full phase), `computed` or `cached`.
    public var regime: String
    /// Guidance scale applied.
    public var guidance: Float
    /// `both`, `conditional` or `reused difference`.
    public var branches: String
    /// LLM layers left out.
    public var skippedLayers: [Int]
    /// Whether layer importance was measured.
    public var measuredLayers: Bool
    /// FFN neurons run, over all LLM layers.
    public var neurons: Int
    /// `computed`, `reused` or `forecast`.
    public var head: String
    /// `computed`, `reused`, `forecast` or `not needed`.
    public var features: String
    /// Floating-point operations.
    public var flops: Int
    /// Milliseconds.
    public var milliseconds: Double

    init(
        evaluation: Int, time: Float, plan: StepPlan, full: Bool, guidance: Float, layers: Int, width: Int, flops: Int,
        seconds: Double
    ) {
        func source(_ order: Int?) -> String { order.map { $0 == 0 ? "reused" : "forecast" } ?? "computed" }
        var headOrder: Int?
        if case .extrapolate(let order) = plan.head { headOrder = order }
        var featureOrder: Int?
        if case .extrapolate(let order) = plan.features { featureOrder = order }
        let cached = headOrder != nil
        self.evaluation = evaluation
        self.time = time
        regime = cached ? "cached" : full ? "full" : "computed"
        self.guidance = guidance
        branches =
            switch plan.branches {
            case .both: "both"
            case .conditional: "conditional"
            case .reusingDifference: "reused difference"
            }
        skippedLayers = cached ? Array(0..<layers) : plan.skippedLayers.sorted()
        measuredLayers = plan.measuresLayers
        neurons =
            cached
            ? 0
            : (0..<layers).filter { !plan.skippedLayers.contains($0) }.reduce(0) { sum, layer in
                sum + (plan.neurons.map { $0[layer].reduce(0) { $0 + $1.count } } ?? width)
            }
        head = source(headOrder)
        features = cached ? "not needed" : source(featureOrder)
        self.flops = flops
        milliseconds = seconds * 1000
    }
}
