/// What the paper finds on its models, measured on a given one: which neurons matter for which task, how much each layer changes its input,
/// and whether a visual token's value norm tells the attention it receives.
///
/// Paper: Flash-Unified (arXiv 2603.15271), the analysis that its mechanisms rest on.
public struct ModelAnalysis: Sendable, Equatable, Codable {
    /// What was measured.
    public struct Settings: Sendable, Equatable, Codable {
        /// The model's name.
        public var model: String
        /// `f32` or `bf16`.
        public var precision: String
        /// Share of a layer's neurons that is called critical for a task.
        public var critical: Double
        /// Prompts drawn.
        public var prompts: Int
        /// Images read, with a question each.
        public var images: Int
        /// Guidance scale of the drawings.
        public var guidance: Double
        /// The first drawing's noise has this seed, the next one's the next.
        public var seed: UInt64

        /// All of them.
        public init(
            model: String, precision: String, critical: Double, prompts: Int, images: Int, guidance: Double,
            seed: UInt64
        ) {
            self.model = model
            self.precision = precision
            self.critical = critical
            self.prompts = prompts
            self.images = images
            self.guidance = guidance
            self.seed = seed
        }
    }

    /// What was measured.
    public var settings: Settings
    /// FFN neurons, by each score.
    public var neurons: [NeuronOverlap]
    /// Layers.
    public var layers: LayerSimilarity
    /// Visual tokens.
    public var tokens: TokenAttention

    /// Given measurements.
    public init(
        settings: Settings, neurons: [NeuronOverlap], layers: LayerSimilarity, tokens: TokenAttention
    ) {
        self.settings = settings
        self.neurons = neurons
        self.layers = layers
        self.tokens = tokens
    }
}
