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
    /// Image tokens per column at the size that is drawn when nothing else is asked for.
    public var gridHeight: Int
    /// See ``gridHeight``.
    public var gridWidth: Int
    /// Rows of the learned position table, a square grid; resized for other grids.
    public var positions: Int
    /// Grids that the model was trained to draw, besides its own.
    public var otherTrainedGrids: [TokenGrid] = []
    /// The sequence length that the model was trained on at its own size; bounds the prompt.
    public var maxSequence: Int
    /// The structural tokens, where the folder states them.
    public var special: SpecialTokens?
    /// Per-channel mean of the VAE's latents.
    public var latentMean: [Float]
    /// Per-channel standard deviation of the VAE's latents.
    public var latentStd: [Float]
    /// What to sample with when the user does not say.
    public var sampling: SamplingDefaults
    /// Whether the model was trained to write and draw in turns, which no released one was (`inference_mixed_modality.py`).
    public var isTrainedForMixedModality = false
    /// How to ask the model whether an image shows a prompt.
    public var alignment = Alignment.standard

    /// How to ask a model whether an image shows a prompt.
    public enum Alignment: Sendable, Equatable {
        /// One question, in which `{}` stands for the prompt, and the answer of a model that says so.
        case question(String, answer: String)
        /// The questions that follow from the prompts of the shapes world.
        case shapes

        /// VQAScore's (Lin et al., "Evaluating Text-to-Visual Generation with Image-to-Text Generation", 2024).
        public static let standard = Alignment.question(
            "Does this figure show \"{}\"? Please answer yes or no.", answer: "Yes")
    }

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
    public var pixelsPerToken: Int { Self.pixelsPerLatent * patch }
    /// Pixels per side of a latent pixel: the VAE's.
    static let pixelsPerLatent = 8
    /// Width of an image at the model's own size.
    public var imageWidth: Int { gridWidth * pixelsPerToken }
    /// Height of an image at the model's own size.
    public var imageHeight: Int { gridHeight * pixelsPerToken }
    /// Values of one image token: `patch * patch * latentChannels`.
    public var patchWidth: Int { patch * patch * latentChannels }
    /// Prompt tokens that fit beside bos, boi, eoi, eos, the time token and the image: official `max_text_len`.
    public var maxPromptTokens: Int { maxSequence - (imageTokens + 1) - Self.tokensAround }
    /// bos, boi, eoi and eos.
    static let tokensAround = 4

    /// The token grid of an image of that size. Every grid is drawn whose tokens fit into the language model's context with a prompt, whatever
    /// the model was trained on (``isTrained(_:)``).
    /// - Throws: ``ModelError/request(_:)`` for sizes that the model can't draw.
    public func grid(width: Int, height: Int) throws(ModelError) -> TokenGrid {
        let unit = pixelsPerToken
        guard width >= unit, height >= unit, width % unit == 0, height % unit == 0 else {
            throw .request("the model draws sizes that are multiples of \(unit), not \(width) x \(height)")
        }
        let (rows, columns) = (height / unit, width / unit)
        let room = Self.longestSequence - maxPromptTokens - Self.tokensAround - 1
        guard rows <= room, columns <= room, rows * columns <= room else {
            let (tokens, overflow) = rows.multipliedReportingOverflow(by: columns)
            throw .request(
                "\(width) x \(height) needs \(overflow ? "too many" : "\(tokens)") image tokens; the language model's context of "
                    + "\(Self.longestSequence) has room for \(room) beside a prompt (the model's own size is \(imageWidth) x \(imageHeight))"
            )
        }
        return TokenGrid(height: rows, width: columns)
    }

    /// Whether the model was trained on images of that grid, as far as its files say.
    public func isTrained(_ grid: TokenGrid) -> Bool { grid == self.grid || otherTrainedGrids.contains(grid) }

    /// The grid at which images are read, whatever is drawn: the position table's own. The official script for understanding works only there.
    public var readingGrid: TokenGrid {
        let side = Int(Double(positions).squareRoot().rounded())
        return TokenGrid(height: side, width: side)
    }
    /// Width and height of an image as it is read, in pixels.
    public var readingSize: (width: Int, height: Int) {
        (readingGrid.width * pixelsPerToken, readingGrid.height * pixelsPerToken)
    }
    /// The size at which images are read where they are made smaller.
    ///
    /// - Parameter scale: of ``readingGrid``'s rows and columns, above 0, at most 1 = the model's own size.
    public func reading(at scale: Double) -> ReadingSize {
        ReadingSize(readingGrid, scale: scale, side: pixelsPerToken)
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
