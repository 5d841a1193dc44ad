/// What one evaluation of the velocity runs. The network knows how to run a plan; who writes it, and why, is not its business.
/// The empty plan is the dense evaluation.
public struct StepPlan: Sendable, Equatable {
    /// Where the diffusion head's last hidden states come from.
    public enum Head: Sendable, Equatable {
        /// Its layers run.
        case compute
        /// Extrapolated from the last `order + 1` computed states; order 0 reuses the last one. Neither the LLM nor the semantic encoder
        /// runs then: their results would not be used.
        case extrapolate(order: Int)
        /// Extrapolated up to the input of the last layer, which runs on it. Where its output is further from the extrapolation of the output than
        /// `tolerance` (relative L2), the evaluation is computed after all. See ``Denoising/checks``.
        case verified(order: Int, tolerance: Double)
    }

    /// What runs between the embedding and the head's final layer.
    public enum Blocks: Sendable, Equatable {
        /// All layers of the LLM and the head.
        case compute
        /// The LLM's first `layers`. What these add to their input is compared with what they added at the last evaluation that ran everything: where
        /// it changed by less than `ifChangeBelow` (relative L1), the rest is not run, and adds what it added then; with 0 it always runs.
        /// See ``Denoising/checks``.
        case reuseBeyond(layers: Int, ifChangeBelow: Double)
    }

    /// Where the branches' velocities come from.
    public enum Velocity: Sendable, Equatable {
        /// From the network.
        case compute
        /// From the last computed evaluations: the polynomial of that order through their velocities (0 = the last one, v_i), moved with the state
        /// since the last one, x_i: v(t) + drift (x - x_i). Nothing of the network runs.
        case reuse(order: Int, drift: Double)
    }

    /// Where the semantic encoder's features come from.
    public enum Features: Sendable, Equatable {
        /// It runs.
        case compute
        /// Extrapolated from the last `order + 1` computed features.
        case extrapolate(order: Int)
    }

    /// Which guidance branches run.
    public enum Branches: Sendable, Equatable {
        /// Both.
        case both
        /// The conditional one; the velocity is its own.
        case conditional
        /// The conditional one; the difference to the unconditional one is that of the last evaluation that ran both.
        case reusingDifference
    }

    /// LLM layers that are left out: the residual stream passes them unchanged.
    public var skippedLayers: Set<Int>
    /// Packed neurons to run in each LLM layer's FFN; nil = all.
    public var neurons: [[Range<Int>]]?
    /// The diffusion head.
    public var head: Head
    /// The semantic encoder.
    public var features: Features
    /// The LLM's and the head's layers.
    public var blocks = Blocks.compute
    /// The velocities of the branches.
    public var velocity = Velocity.compute
    /// The guidance branches.
    public var branches: Branches
    /// How much of the guided velocity's spread is brought back to the conditional one's, 0 ... 1; see ``GuidanceRescale``.
    public var rescale = 0.0
    /// Whether to measure how much each LLM layer changes its input; see ``Denoising/layerImportance``. All layers run then.
    public var measuresLayers: Bool

    /// What is shown of the language model's layers.
    public var probes: Set<Probe>

    /// Dense unless told otherwise.
    public init(
        skippedLayers: Set<Int> = [], neurons: [[Range<Int>]]? = nil, head: Head = .compute,
        features: Features = .compute, branches: Branches = .both, measuresLayers: Bool = false,
        probes: Set<Probe> = []
    ) {
        self.skippedLayers = skippedLayers
        self.neurons = neurons
        self.head = head
        self.features = features
        self.branches = branches
        self.measuresLayers = measuresLayers
        self.probes = probes
    }

    /// The dense evaluation.
    public static let dense = StepPlan()
}
