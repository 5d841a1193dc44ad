/// A prompt of a set.
public struct SetItem: Sendable, Equatable {
    /// What the benchmark calls it; files are named after it, or after its place.
    public var id: String
    /// What is drawn.
    public var prompt: String
    /// Where it stands, for messages: `prompts.jsonl, line 3`.
    public var place: String
    /// What to guide away from; nil = the run's.
    public var negativePrompt: String?
    /// The seed of its first image, the others' follow; nil = hashes (``ImageSeed``).
    public var seed: UInt64?
    /// Pixels; nil = the run's.
    public var width: Int?
    /// Pixels; nil = the run's.
    public var height: Int?
    /// Points of the time grid; nil = the run's.
    public var steps: Int?
    /// Guidance scale; nil = the run's.
    public var cfgScale: Float?
    /// Images of it; nil = the run's.
    public var samples: Int?
    /// The line that the scorer reads beside the images (GenEval).
    public var metadata: String?

    /// A prompt without settings of its own.
    public init(id: String, prompt: String, place: String, metadata: String? = nil) {
        (self.id, self.prompt, self.place, self.metadata) = (id, prompt, place, metadata)
    }

    /// Prompts of a set at most.
    static let most = 1_000_000
}
