/// A quantity that decided whether something was reused.
public struct EvaluationCheck: Sendable, Equatable, Codable {
    /// What was measured; finite.
    public let measured: Double
    /// What it was held against.
    public let limit: Double
    /// Whether the reuse was accepted.
    public let isReused: Bool

    /// A measurement; one that is no number is told as the largest.
    public init(measured: Double, limit: Double, isReused: Bool) {
        self.measured = measured.isFinite ? measured : .greatestFiniteMagnitude
        self.limit = limit
        self.isReused = isReused
    }
}

/// What an evaluation measured on its way, and decided by it. Nil where its plan left nothing to decide.
public struct EvaluationChecks: Sendable, Equatable {
    /// Change of what the LLM's first layers add (``StepPlan/Blocks/reuseBeyond(layers:ifChangeBelow:)``).
    public internal(set) var blocks: EvaluationCheck?
    /// Error of the forecast head (``StepPlan/Head/verified(order:tolerance:)``).
    public internal(set) var head: EvaluationCheck?

    /// Nothing was measured.
    public init() {}
}
