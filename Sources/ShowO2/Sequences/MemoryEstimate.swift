public import Compute

/// What a request will take at most beside the weights that are loaded, in bytes, by what it is taken for.
public struct MemoryEstimate: Sendable, Equatable, Encodable {
    /// Keys and values of all layers.
    public var keysAndValues = 0
    /// adaLN of the whole schedule.
    public var conditioning = 0
    /// What is kept of earlier evaluations, for forecasts and solvers.
    public var histories = 0
    /// Intermediates of the network.
    public var intermediates = 0
    /// The rows of a product in the order in which the kernels want them.
    public var scratch = 0
    /// The projection to the vocabulary, which is packed when the first token is wanted.
    public var outputWeights = 0
    /// A direction of the VAE, which is packed at the first image.
    public var vaeWeights = 0
    /// Intermediates of the VAE; they are never there together with those of the network.
    public var vae = 0
    /// Whether the VAE runs before the network (it sees an image) or after it (it draws one).
    public var beginsWithVAE = false
    /// Whether the VAE also shows what is being drawn, so that its intermediates stand beside those of the network after all.
    public var previews = false
    /// Images in and out.
    public var results = 0

    /// Nothing.
    public init() {}

    /// The most that is there at one time.
    public var total: Int {
        let network = keysAndValues + conditioning + histories + intermediates + outputWeights
        if previews { return scratch + results + vaeWeights + vae + network }
        return scratch + results
            + max(vaeWeights + vae, network + (beginsWithVAE ? vaeWeights : 0))
    }
}

extension MemoryEstimate {
    /// Images drawn at the ends of sequences.
    ///
    /// - Parameters:
    ///   - geometry: the model's shape.
    ///   - grid: the image tokens.
    ///   - images: drawn at once.
    ///   - frames: latent frames of each; 1 = images.
    ///   - prefixes: tokens before the image of each sequence, both branches.
    ///   - times: evaluations of the schedule.
    ///   - keeps: what plans extrapolate from.
    ///   - measures: whether layers are measured.
    ///   - precision: of weights and activations.
    public static func drawing(
        _ geometry: ShowO2Geometry, grid: TokenGrid, images: Int, frames: Int = 1, prefixes: [Int], times: Int,
        keeps: Denoising.Kept, measures: Bool, precision: Precision
    ) -> MemoryEstimate {
        let (span, sequences) = (frames * grid.tokens + 1, prefixes.count)
        let images = images * frames  // that pass the embedding
        let rows = sequences * span
        var estimate = MemoryEstimate()
        for prefix in prefixes {
            estimate.keysAndValues += geometry.llm.cacheBytes(prefix + span, precision)
            estimate.keysAndValues += geometry.head.cacheBytes(prefix + span, precision)
        }
        let head = geometry.head.hidden
        estimate.conditioning = times * 4 * (head * (6 * geometry.head.layers + 2) + geometry.llm.hidden)
        if keeps.contains(.head) { estimate.histories += 4 * rows * head * 4 }
        // Three of them, and the forecast of what the last layer puts out.
        if keeps.contains(.headInput) { estimate.histories += 4 * rows * head * 4 }
        // What the LLM's first and other layers and the head added; the first's input and output, and the head's input.
        if keeps.contains(.residuals) { estimate.histories += rows * (4 * geometry.llm.hidden + 2 * head) * 4 }
        if keeps.contains(.features) {
            estimate.histories += 4 * images * grid.tokens * geometry.vision.hidden * 4
        }
        estimate.intermediates =
            geometry.embeddingBytes(images: images, tokens: grid.tokens, precision)
            + geometry.stackBytes([geometry.llm, geometry.head], rows: rows, precision)
            + rows * (geometry.llm.hidden * (4 + precision.activationBytes) + head * (4 + precision.activationBytes))
            + rows * (head * precision.activationBytes + geometry.patchWidth * 4)
            + (measures ? rows * geometry.llm.hidden * 4 : 0)
        estimate.scratch = geometry.scratchBytes(rows: rows, precision)
        let latents = images * geometry.latentChannels * grid.tokens * geometry.patch * geometry.patch * 4
        estimate.results = 8 * latents
        // Three velocities and differences, what they are forecast to be, and the last's state; of the policy, that and its velocity, the last state
        // and an old one.
        if keeps.contains(.velocity) { estimate.histories += 13 * latents }
        return estimate
    }

    /// A video, as far as its memory goes.
    public struct Video: Sendable, Equatable {
        /// Frames.
        public let frames: Int
        /// A frame's tokens in the semantic encoder.
        public let tokens: Int
        /// A frame's tokens in the language model.
        public let cells: Int

        /// A video.
        public init(frames: Int, tokens: Int, cells: Int) {
            (self.frames, self.tokens, self.cells) = (frames, tokens, cells)
        }
    }

    /// Images, videos and text read, and continued token by token.
    ///
    /// - Parameters:
    ///   - geometry: the model's shape.
    ///   - imageTokens: of each image.
    ///   - videos: frames and tokens of each video.
    ///   - textTokens: before, between and after the images.
    ///   - answerTokens: of one continuation.
    ///   - cut: drops tokens of every image.
    ///   - reuses: whether frames are embedded as far as they change.
    ///   - precision: of weights and activations.
    public static func reading(
        _ geometry: ShowO2Geometry, imageTokens: [Int], videos: [Video] = [], textTokens: Int, answerTokens: Int,
        cut: TokenCut? = nil, reuses: Bool = false, precision: Precision
    ) -> MemoryEstimate {
        let rows =
            imageTokens.reduce(textTokens) { $0 + $1 + 3 } + videos.reduce(0) { $0 + $1.frames * $1.cells + 3 }
        // What passes the encoder, image by image and frame by frame.
        let encoded = imageTokens + videos.flatMap { Array(repeating: $0.tokens, count: $0.frames) }
        var estimate = MemoryEstimate()
        // What was read, and of its fork the last page and what follows.
        estimate.keysAndValues =
            geometry.llm.cacheBytes(rows, precision)
            + geometry.llm.cacheBytes(min(answerTokens, 256) + KeyValuePages.slots, precision)
        estimate.intermediates =
            geometry.embeddingBytes(images: 1, tokens: encoded.max() ?? 0, precision)
            + geometry.stackBytes([geometry.llm], rows: rows, precision) + rows * geometry.llm.hidden * 4
            + geometry.vocabulary * 8
        if let cut { estimate.intermediates += geometry.cutBytes(cut, imageTokens: encoded, precision) }
        // Of each video the keys and values of a frame's tokens in all layers of the encoder.
        if reuses {
            estimate.intermediates += videos.reduce(0) { $0 + geometry.vision.cacheBytes($1.tokens, precision) }
        }
        // A video's latents, frame by frame and together.
        estimate.results =
            2 * 4 * geometry.latentChannels * geometry.patch * geometry.patch
            * videos.reduce(0) { $0 + $1.frames * $1.tokens }
        estimate.scratch = geometry.scratchBytes(rows: rows, precision)
        estimate.outputWeights = geometry.vocabulary * geometry.llm.hidden * precision.denseWeightBytes
        return estimate
    }
}

extension Precision {
    /// Bytes of an activation.
    var activationBytes: Int { self == .f32 ? 4 : 2 }
    /// Bytes of a weight that is as small as the precision has them.
    var denseWeightBytes: Int { self == .f32 ? 4 : self == .bf16 ? 2 : 1 }
}

extension ShowO2Geometry.Stack {
    /// Keys and values of one sequence in all layers, in whole pages.
    func cacheBytes(_ slots: Int, _ precision: Precision, layers: Int? = nil) -> Int {
        (layers ?? self.layers) * KeyValuePages.bytes(attention, slots: slots, elementBytes: precision.activationBytes)
    }
}

extension ShowO2Geometry {
    /// Intermediates of transformer layers over some rows: they serve all stacks, so the widest counts.
    func stackBytes(_ stacks: [Stack], rows: Int, _ precision: Precision) -> Int {
        let act = precision.activationBytes
        func most(_ bytes: (Stack) -> Int) -> Int { stacks.map(bytes).max() ?? 0 }
        return rows
            * (most { $0.hidden * act } + most { $0.attention.fusedWidth * 4 } + most { $0.attention.queryWidth * 4 }
                + most { $0.attention.queryWidth * act } + most { $0.intermediate * act })
    }

    /// Intermediates of the semantic encoder and the fusion.
    func embeddingBytes(images: Int, tokens: Int, _ precision: Precision) -> Int {
        let (act, rows, width) = (precision.activationBytes, images * tokens, vision.hidden)
        let encoder =
            width * 4 + width * act + vision.attention.fusedWidth * 4 + vision.attention.queryWidth * (4 + act)
            + vision.intermediate * act
        let both = width + llm.hidden
        let fusion = patchWidth * 4 + llm.hidden * 4 + both * (4 + act) + llm.hidden * act + llm.hidden * 4
        return rows * (encoder + fusion) + images * vision.cacheBytes(tokens, precision, layers: 1)
    }

    /// What choosing tokens takes.
    func cutBytes(_ cut: TokenCut, imageTokens: [Int], _ precision: Precision) -> Int {
        let (all, largest) = (imageTokens.reduce(0, +), imageTokens.max() ?? 0)
        var bytes = 0
        var width = llm.hidden
        if case .encoder = cut.place {
            width = vision.hidden
            // Every image's hidden states and patches wait for the choice; the kept tokens' keys and values are new ones.
            bytes += all * (vision.hidden + patchWidth) * 4 + vision.cacheBytes(largest, precision, layers: 1)
        }
        if cut.sees.contains(.change) { bytes += all * width * 4 }
        if cut.comparesHidden {
            bytes += TokenFeatures.byteCount(tokens: cut.scope == .span ? all : largest, width: width)
        }
        return bytes
    }

    /// Rows arranged for the widest product.
    func scratchBytes(rows: Int, _ precision: Precision) -> Int {
        guard precision != .f32 else { return 8 << 20 }
        return rows * max(llm.intermediate, head.intermediate) * 2 + 8 << 20
    }
}
