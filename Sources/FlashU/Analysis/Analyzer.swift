import Compute
public import ShowO2
public import Tensors

/// Measures layers and visual tokens on the real paths of the dense engine: whole denoising trajectories, and images with questions.
/// Neurons were measured before, by the ``Calibrator``.
public struct Analyzer {
    private let model: ShowO2Model
    private let special: SpecialTokens
    private let layer: Int
    private var times: [Float] = []
    /// Layer similarity summed over prompts, `[evaluations][layers]`.
    private var drawn: [[Double]] = []
    private var prompts = 0
    /// Layer similarity summed over images, `[layers]`.
    private var lastToken: [Double]
    private var images: [ReceivedAttention] = []

    /// - Parameters:
    ///   - model: the loaded model.
    ///   - special: ids of the structural tokens.
    ///   - layer: whose visual tokens are kept one by one, for a plot.
    /// - Throws: `ModelError/request(_:)` when the model has no such layer.
    public init(model: ShowO2Model, special: SpecialTokens, layer: Int) throws(ModelError) {
        let layers = model.geometry.llm.layers
        guard (0..<layers).contains(layer) else {
            throw .request("the model has layers 0 to \(layers - 1), no layer \(layer)")
        }
        self.model = model
        self.special = special
        self.layer = layer
        lastToken = Array(repeating: 0, count: layers)
    }

    /// Draws one image densely, both guidance branches, and measures the layers on every evaluation.
    ///
    /// - Parameters:
    ///   - prompt: the prompt's token ids.
    ///   - noise: `[1, channels, height, width]` float32.
    ///   - schedule: the same for all prompts.
    ///   - guidance: the guidance scale.
    public mutating func draw(prompt: [Int], noise: Tensor, schedule: FlowSchedule, guidance: Float) throws {
        let denoising = try Denoising(
            model: model, special: special, prompts: [prompt], schedule: schedule, grid: model.geometry.grid,
            guided: true)
        let latents = noise.toFloat32()
        let plan = StepPlan(measuresLayers: true)
        var rows: [[Double]] = []
        try Sampler.solve(.euler, times: schedule.times, latents) { x, step, velocity in
            try Task.checkCancellation()
            try denoising.velocity(x, step: step, guidance: guidance, plan, into: velocity)
            rows.append(denoising.layerImportance.map { 1 - $0 })
        }
        try check(rows.joined(), "the similarity of layers")
        times = Array(schedule.times.dropLast())
        drawn = drawn.isEmpty ? rows : zip(drawn, rows).map { zip($0, $1).map(+) }
        prompts += 1
    }

    /// Reads an image and a question and measures the layers on the last token, and the visual tokens in every layer.
    ///
    /// - Parameters:
    ///   - prefix: ids before the image, without `[boi]`.
    ///   - latents: `[1, channels, height, width]` float32.
    ///   - question: the question's token ids.
    public mutating func read(prefix: [Int], latents: Tensor, question: [Int]) throws {
        let (received, layerImportance) = try ReceivedAttention.measured(
            on: model, special, prefix: prefix, latents: latents, question: question)
        try check(layerImportance, "the similarity of layers")
        for layer in received.layers { try check(layer.attention + layer.norms, "attention and value norms") }
        lastToken = zip(lastToken, layerImportance).map { $0 + 1 - $1 }
        images.append(received)
    }

    /// What was measured on the layers.
    public var layers: LayerSimilarity {
        LayerSimilarity(
            times: times.map(Double.init),
            generation: drawn.map { $0.map { $0 / Double(max(1, prompts)) } },
            understanding: lastToken.map { $0 / Double(max(1, images.count)) })
    }

    /// What was measured on the visual tokens.
    public var tokens: TokenAttention { TokenAttention(images, layer: layer) }

    private func check(_ values: some Sequence<Double>, _ what: String) throws(ModelError) {
        guard values.allSatisfy(\.isFinite) else { throw .notFinite(what) }
    }
}
