public import ShowO2

/// Writes the plans of one image question: the understanding side of a profile.
public struct ReadingPlanner: Sendable {
    private let profile: AccelerationProfile
    private let layers: Int
    private let neurons: [[Range<Int>]]?
    private let calibrated: Set<Int>
    private let selection: TokenSelection
    private var skipped: Set<Int>

    /// - Parameters:
    ///   - profile: what may be done to be faster.
    ///   - layers: of the LLM.
    ///   - neurons: what the pruned FFN runs, per layer; nil = everything.
    ///   - scores: the calibration's of understanding, for profiles that choose layers or tokens by it.
    public init(
        _ profile: AccelerationProfile, layers: Int, neurons: [[Range<Int>]]?, scores: Calibration.Scores?
    ) {
        self.profile = profile
        self.layers = layers
        self.neurons = neurons
        var chosen: Set<Int> = []
        if profile.layers.understandingChoice == .calibration, let importance = scores?.layers {
            var measured = importance.map(Double.init)
            // The layer whose values choose the tokens must run.
            if profile.tokens.dropRatio > 0, profile.tokens.place == .llm,
                measured.indices.contains(profile.tokens.layer)
            {
                measured[profile.tokens.layer] = .infinity
            }
            chosen = LayerSkipping.leastImportant(measured, ratio: profile.layers.understandingRatio)
        }
        calibrated = chosen
        skipped = chosen
        let layer = profile.tokens.layer
        selection = profile.tokens.selection.resolved(
            scores?.normAttention.flatMap { $0.indices.contains(layer) ? $0[layer] : nil })
    }

    private var measures: Bool {
        profile.layers.understandingChoice == .prefill && Int(Double(layers) * profile.layers.understandingRatio) > 0
    }

    /// For reading the image.
    public var imagePlan: ReadingPlan { ReadingPlan(skippedLayers: calibrated, neurons: neurons) }

    /// Where and how image tokens are dropped; nil when none are.
    public var cut: TokenCut? {
        let tokens = profile.tokens
        guard tokens.dropRatio > 0 else { return nil }
        return TokenCut(
            tokens.place == .encoder ? .encoder(tail: tokens.encoderTail) : .llm(layer: tokens.layer),
            sees: selection.sees, scope: tokens.scope == .span ? .span : .image, merges: tokens.dropped == .merge
        ) { try selection.kept($0, dropRatio: tokens.dropRatio, seed: tokens.seed) }
    }

    /// For reading a question, which ends the prefill.
    public var questionPlan: ReadingPlan {
        ReadingPlan(skippedLayers: calibrated, neurons: neurons, measuresLayers: measures)
    }

    /// Chooses the layers to skip in decoding from what the prefill measured (`ReadingPass/layerImportance`).
    public mutating func chooseLayers(_ importance: [Double]) {
        guard measures else { return }
        skipped = LayerSkipping.leastImportant(importance, ratio: profile.layers.understandingRatio)
    }

    /// For reading the answer's tokens.
    public var decodingPlan: ReadingPlan { ReadingPlan(skippedLayers: skipped, neurons: neurons) }
}
