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

/// Drops image tokens on the way through the LLM: after `layer`, only those stay that `keep` chooses. The others vanish from all later layers
/// and from their keys and values; positions stay as they were.
public struct TokenCut {
    /// The layer whose value vectors decide.
    public let layer: Int
    /// L2 norms of one image's tokens' value vectors (all heads together) -> the places of those that stay, rising, at least one.
    public let keep: ([Float]) -> [Int]

    /// A cut after a layer.
    public init(layer: Int, keep: @escaping ([Float]) -> [Int]) {
        self.layer = layer
        self.keep = keep
    }
}
