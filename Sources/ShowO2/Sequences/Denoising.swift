import Compute
import Foundation
public import Tensors

/// Text to image for one batch of prompts: owns caches and intermediates, and evaluates the velocity step by step.
///
/// What does not change between steps is computed once: keys and values of `[bos] prompt [boi]` in the LLM and in the head
/// (causal, so the image never touches them), and everything that depends on t alone. A step runs the span's N + 1 rows of each
/// sequence, both guidance branches in one batch; the image embedding, which both branches share, runs once an image.
public final class Denoising {
    let model: ShowO2Model
    private let head: FlowHead
    /// The times of the evaluations.
    public let schedule: FlowSchedule
    /// The image tokens.
    public let grid: TokenGrid
    /// Images drawn at once.
    public let images: Int
    let guided: Bool
    /// Where the tokens of each sequence stand: conditional sequences first.
    public let layouts: [SequenceLayout]
    let conditioning: TimeConditioning
    let decoderCaches: [any KeyValueCache]
    let headCaches: [any KeyValueCache]
    let workspace = Workspace()
    /// Rows of a step: the span of every sequence.
    let stepRows: RowLayout
    /// The same for the conditional sequences alone.
    private let conditionalRows: RowLayout
    /// `[sequences, channels, height, width]`
    private let velocities: Tensor
    /// The last `v_c - v_u`, `[images, channels, height, width]`.
    private let difference: Tensor
    /// The head's last hidden states over time, for plans that extrapolate them.
    private var headStates: Extrapolation
    /// The semantic encoder's features over time.
    private var semanticFeatures: Extrapolation
    private let keeps: Kept

    /// Intermediates whose history is kept, for plans that extrapolate them.
    public struct Kept: OptionSet, Sendable {
        /// See `OptionSet`.
        public let rawValue: Int
        /// See `OptionSet`.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// The diffusion head's last hidden states.
        public static let head = Kept(rawValue: 1)
        /// The semantic encoder's features.
        public static let features = Kept(rawValue: 2)
    }

    /// Prepares a batch and computes the prompts' keys and values.
    ///
    /// - Parameters:
    ///   - prompts: the token ids of each prompt, without bos and boi.
    ///   - negative: the token ids that the unconditional branch reads in the prompt's place; the official code's is empty.
    ///   - grid: the image tokens; see ``ShowO2Geometry/grid(width:height:)``.
    ///   - guided: whether the unconditional branch is needed.
    ///   - keeps: what plans will extrapolate from; it costs memory.
    /// - Throws: ``ModelError/request(_:)`` when a prompt is too long or holds an id outside the vocabulary,
    ///   or the model was loaded without generation.
    public init(
        model: ShowO2Model, special: SpecialTokens, prompts: [[Int]], negative: [Int] = [], schedule: FlowSchedule,
        grid: TokenGrid, guided: Bool, keeps: Kept = []
    ) throws {
        let geometry = model.geometry
        guard !prompts.isEmpty else { throw ModelError.request("no prompt given") }
        for (what, prompt) in prompts.map({ ("prompt", $0) }) + [("negative prompt", negative)] {
            try model.check(prompt)
            guard prompt.count <= geometry.maxPromptTokens else {
                throw ModelError.request(
                    "the \(what) has \(prompt.count) tokens; the model has room for \(geometry.maxPromptTokens)")
            }
        }
        self.model = model
        head = try model.head
        self.schedule = schedule
        self.grid = grid
        images = prompts.count
        self.guided = guided
        let texts = (guided ? prompts + Array(repeating: negative, count: prompts.count) : prompts).map {
            [special.beginOfSequence] + $0 + [special.beginOfImage]
        }
        layouts = texts.map { SequenceLayout(prefix: $0.count, imageTokens: grid.tokens) }
        let capacity = layouts.map(\.span.upperBound).max() ?? 0
        decoderCaches = model.decoder.makeCaches(sequences: texts.count, capacity: capacity)
        headCaches = head.makeCaches(sequences: texts.count, capacity: capacity)
        conditioning = try model.conditioning(Array(schedule.times.dropLast()))
        var rows = RowLayout()
        for (i, layout) in layouts.enumerated() {
            rows.append(sequence: i, start: layout.prefix, count: layout.span.count, span: layout.span)
        }
        stepRows = rows
        var conditional = RowLayout()
        for (i, layout) in layouts.prefix(prompts.count).enumerated() {
            conditional.append(sequence: i, start: layout.prefix, count: layout.span.count, span: layout.span)
        }
        conditionalRows = conditional
        let shape = [geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch]
        velocities = Tensor(zeros: [texts.count] + shape)
        difference = Tensor(zeros: [prompts.count] + shape)
        headStates = Extrapolation(order: 2)
        semanticFeatures = Extrapolation(order: 2)
        self.keeps = keeps
        try prefill(texts)
    }

    /// Shape of the latents: `[images, channels, height, width]`.
    public var latentShape: [Int] { [images] + velocities.shape.dropFirst() }

    /// Runs the text rows through the LLM and the head, for their keys and values.
    private func prefill(_ texts: [[Int]]) throws {
        var rows = RowLayout()
        for (i, text) in texts.enumerated() { rows.append(sequence: i, start: 0, count: text.count) }
        let hidden = Tensor(zeros: [rows.count, model.geometry.llm.hidden])
        var first = 0
        for text in texts {
            model.embed(text, into: hidden, from: first)
            first += text.count
        }
        model.decoder(hidden, rows, decoderCaches, workspace)
        let normed = Tensor(zeros: hidden.shape, dtype: model.compute.activationType)
        model.compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        head(head.project(normed, workspace), rows, headCaches, nil, workspace)
    }

    /// How much each LLM layer changed its input at the last evaluation whose plan measured it: 1 - mean cosine between
    /// input and output over all rows of the spans, `[layers]`. Empty before.
    public private(set) var layerImportance: [Double] = []

    /// The velocity field at evaluation `step` for latents `[images, channels, height, width]` float32.
    ///
    /// - Returns: `[branches * images, channels, height, width]`: conditional images first, then, if they run, the unconditional ones.
    ///   Valid until the next call.
    public func branches(
        _ latents: Tensor, step: Int, _ plan: StepPlan = .dense, observe: Observer? = nil
    ) -> Tensor {
        precondition(latents.shape == latentShape)
        let sequences = guided && plan.branches == .both ? layouts.count : images
        let rows = sequences == layouts.count ? stepRows : conditionalRows
        let time = schedule.time(step)
        // [sequences * span, head hidden]
        let state: Tensor
        if case .extrapolate(let order) = plan.head, headStates.covers(rows: rows.count) {
            state = workspace.tensor("head.forecast", [rows.count, model.geometry.head.hidden])
            headStates.forecast(at: time, order: order, into: state)
        } else {
            state = computeHead(latents, step: step, plan, rows, sequences: sequences, observe: observe)
            if keeps.contains(.head) { headStates.record(state, at: time) }
        }
        // [sequences * span, patchWidth]
        let output = head.velocities(state, conditioning.modulations[step], workspace)
        observe?("head_final", output)
        let span = grid.tokens + 1
        for sequence in 0..<sequences {
            Patches.join(
                output.rows(sequence * span + 1..<(sequence + 1) * span), channels: model.geometry.latentChannels,
                into: velocities.rows(sequence..<sequence + 1))
        }
        return velocities.rows(0..<sequences)
    }

    /// Semantic encoder, fusion, LLM and head layers: latents -> the head's last hidden states `[sequences * span, head hidden]`.
    private func computeHead(
        _ latents: Tensor, step: Int, _ plan: StepPlan, _ rows: RowLayout, sequences: Int, observe: Observer?
    ) -> Tensor {
        let (compute, width, tokens) = (model.compute, model.geometry.llm.hidden, grid.tokens)
        let span = tokens + 1

        // Dual-path embedding of the images, shared by both branches.
        let embeddings = embed(latents, step: step, plan.features, observe: observe)  // [images * tokens, hidden]
        let hidden = workspace.tensor("hidden", [sequences * span, width])  // [sequences * span, hidden]
        let timeToken = conditioning.tokens.rows(step..<step + 1)  // [1, hidden]
        for sequence in 0..<sequences {
            let image = sequence % images
            let rows = hidden.rows(sequence * span..<(sequence + 1) * span)
            rows.rows(0..<1).copy(from: timeToken)
            rows.rows(1..<span).copy(from: embeddings.rows(image * tokens..<(image + 1) * tokens))
        }
        observe?("llm.input", hidden)

        var importance: [Double] = []
        model.decoder(
            hidden, rows, decoderCaches, workspace, skipping: plan.measuresLayers ? [] : plan.skippedLayers,
            neurons: plan.neurons,
            measure: plan.measuresLayers
                ? { importance.append(1 - $1.meanCosine(to: $2, rows: 0..<rows.count)) } : nil,
            observe: observe)
        if plan.measuresLayers { layerImportance = importance }
        let normed = workspace.tensor("hidden.normed", hidden.shape, compute.activationType)
        compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        observe?("llm.final_norm", normed)

        let projected = head.project(normed, workspace)  // [sequences * span, head hidden]
        observe?("diff_proj", projected)
        head(
            projected, rows, headCaches, conditioning.modulations[step], workspace, observe: observe)
        return projected
    }

    /// The images' embeddings `[images * tokens, hidden]`, the semantic path computed or extrapolated.
    private func embed(_ latents: Tensor, step: Int, _ features: StepPlan.Features, observe: Observer?) -> Tensor {
        let time = schedule.time(step)
        var given: Tensor?
        if case .extrapolate(let order) = features, semanticFeatures.covers(rows: images * grid.tokens) {
            let forecast = workspace.tensor("features", [images * grid.tokens, model.geometry.vision.hidden])
            semanticFeatures.forecast(at: time, order: order, into: forecast)
            given = forecast
        }
        return model.fusion(latents, features: given, model.compute, workspace) { [self] name, tensor in
            if name == "und_trans", given == nil, keeps.contains(.features) {
                semanticFeatures.record(tensor, at: time)
            }
            observe?(name, tensor)
        }
    }

    /// The guided velocity `v_u + scale (v_c - v_u)`, written to `out` `[images, channels, height, width]`.
    public func velocity(
        _ latents: Tensor, step: Int, guidance: Float, _ plan: StepPlan = .dense, into out: Tensor,
        observe: Observer? = nil
    ) {
        let branches = branches(latents, step: step, plan, observe: observe)
        let conditional = branches.rows(0..<images)
        guard guided, plan.branches != .conditional else {
            out.copy(from: conditional)
            return
        }
        if plan.branches == .both {
            difference.copy(from: conditional)
            difference.add(branches.rows(images..<2 * images), times: -1)
        }
        // v_u + s (v_c - v_u) = v_c + (s - 1) (v_c - v_u)
        out.copy(from: conditional)
        out.add(difference, times: guidance - 1)
    }

    /// Bytes of caches and intermediates.
    public var byteCount: Int {
        (decoderCaches + headCaches).reduce(workspace.byteCount) { $0 + $1.byteCount }
    }
}
