import Tensors

/// What reading runs. The empty plan is the dense one.
public struct ReadingPlan: Sendable, Equatable {
    /// LLM layers that are left out; they hold no keys and values of what is read so.
    public var skippedLayers: Set<Int>
    /// Packed neurons to run in each LLM layer's FFN; nil = all.
    public var neurons: [[Range<Int>]]?
    /// Whether to measure how much each layer changes the last row; see ``ReadingPass/layerImportance``. All layers run then.
    public var measuresLayers: Bool
    /// What is shown of the layers.
    public var probes: Set<Probe>

    /// Dense unless told otherwise.
    public init(
        skippedLayers: Set<Int> = [], neurons: [[Range<Int>]]? = nil, measuresLayers: Bool = false,
        probes: Set<Probe> = []
    ) {
        self.skippedLayers = skippedLayers
        self.neurons = neurons
        self.measuresLayers = measuresLayers
        self.probes = probes
    }

    /// The dense plan.
    public static let dense = ReadingPlan()
}
