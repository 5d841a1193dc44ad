public import Compute

/// Every size of a Show-o2 network.
public struct ShowO2Geometry: Sendable, Equatable {
    /// A stack of transformer layers.
    public struct Stack: Sendable, Equatable {
        /// Width of the hidden states.
        public var hidden: Int
        /// Number of layers.
        public var layers: Int
        /// The attention heads.
        public var attention: AttentionGeometry
        /// Width of the FFN.
        public var intermediate: Int

        /// Weights of the products of a layer: attention, and an FFN of `ffnMatrices` (three where it is gated).
        func layerWeights(ffnMatrices: Int) -> Int {
            hidden * (attention.fusedWidth + attention.queryWidth + ffnMatrices * intermediate)
        }
    }

    /// What the model is called, for reports and PNG parameters.
    public var name: String
    /// The Qwen2.5 decoder.
    public var llm: Stack
    /// Vocabulary size.
    public var vocabulary: Int
    /// The decoder's rotary base.
    public var ropeTheta: Double
    /// Epsilon of the decoder's RMS norms.
    public var llmEpsilon: Float
    /// The SigLIP-style semantic encoder (`und_trans`).
    public var vision: Stack
    /// Epsilon of the encoder's layer norms.
    public var visionEpsilon: Float
    /// The diffusion head.
    public var head: Stack
    /// Channels of a latent pixel.
    public var latentChannels: Int
    /// Latent pixels per side of an image token.
    public var patch: Int
    /// Image tokens per column and row at the model's own size.
    public var gridHeight: Int
    /// See ``gridHeight``.
    public var gridWidth: Int
    /// Rows of the learned position table; resized for other grids.
    public var positions: Int
    /// The sequence length that the model was trained on; bounds the prompt.
    public var maxSequence: Int
    /// The structural tokens, where the folder states them.
    public var special: SpecialTokens?
    /// Per-channel mean of the VAE's latents.
    public var latentMean: [Float]
    /// Per-channel standard deviation of the VAE's latents.
    public var latentStd: [Float]
    /// What to sample with when the user does not say.
    public var sampling: SamplingDefaults

    /// Sampling settings that the model's authors recommend.
    public struct SamplingDefaults: Sendable, Equatable {
        /// Grid points of the time schedule (the official `num_inference_steps`).
        public var steps: Int
        /// Time shift factor.
        public var timeShift: Float
        /// Guidance scale.
        public var guidance: Float
    }

    /// Image tokens at the model's own size, without the time token.
    public var imageTokens: Int { gridHeight * gridWidth }
    /// Pixels per side of an image token: the VAE shrinks 8 times, a token holds `patch` latent pixels.
    public var pixelsPerToken: Int { 8 * patch }
    /// Width of an image at the model's own size.
    public var imageWidth: Int { gridWidth * pixelsPerToken }
    /// Height of an image at the model's own size.
    public var imageHeight: Int { gridHeight * pixelsPerToken }
    /// Values of one image token: `patch * patch * latentChannels`.
    public var patchWidth: Int { patch * patch * latentChannels }
    /// Prompt tokens that fit beside bos, boi, eoi, eos, the time token and the image: official `max_text_len`.
    public var maxPromptTokens: Int { maxSequence - (imageTokens + 1) - 4 }

    /// The token grid of an image of that size.
    /// - Throws: ``ModelError/request(_:)`` for sizes that the model can't draw.
    public func grid(width: Int, height: Int) throws(ModelError) -> TokenGrid {
        let unit = pixelsPerToken
        guard width >= unit, height >= unit, width % unit == 0, height % unit == 0, width <= 1 << 16, height <= 1 << 16
        else {
            throw .request("the model draws sizes that are multiples of \(unit), not \(width) x \(height)")
        }
        let grid = TokenGrid(height: height / unit, width: width / unit)
        guard grid.tokens <= imageTokens else {
            throw .request(
                "\(width) x \(height) needs \(grid.tokens) image tokens; the model has \(imageTokens) "
                    + "(its own size is \(imageWidth) x \(imageHeight))")
        }
        return grid
    }

    /// The token grid at the model's own size.
    public var grid: TokenGrid { TokenGrid(height: gridHeight, width: gridWidth) }
}

/// Image tokens in rows and columns.
public struct TokenGrid: Sendable, Equatable, Hashable {
    /// Rows.
    public let height: Int
    /// Columns.
    public let width: Int
    /// Rows times columns.
    public var tokens: Int { height * width }

    /// A grid.
    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}
