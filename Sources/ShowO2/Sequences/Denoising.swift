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
    /// `[sequences, channels, height, width]`
    private let velocities: Tensor

    /// Prepares a batch and computes the prompts' keys and values.
    ///
    /// - Parameters:
    ///   - prompts: the token ids of each prompt, without bos and boi.
    ///   - grid: the image tokens; see ``ShowO2Geometry/grid(width:height:)``.
    ///   - guided: whether the unconditional branch is needed.
    /// - Throws: ``ModelError/request(_:)`` when a prompt is too long or holds an id outside the vocabulary.
    public init(
        model: ShowO2Model, special: SpecialTokens, prompts: [[Int]], schedule: FlowSchedule, grid: TokenGrid,
        guided: Bool
    ) throws {
        let geometry = model.geometry
        guard !prompts.isEmpty else { throw ModelError.request("no prompt given") }
        for prompt in prompts {
            try model.check(prompt)
            guard prompt.count <= geometry.maxPromptTokens else {
                throw ModelError.request(
                    "the prompt has \(prompt.count) tokens; the model has room for \(geometry.maxPromptTokens)")
            }
        }
        self.model = model
        self.schedule = schedule
        self.grid = grid
        images = prompts.count
        self.guided = guided
        let texts = (guided ? prompts + Array(repeating: [], count: prompts.count) : prompts).map {
            [special.beginOfSequence] + $0 + [special.beginOfImage]
        }
        layouts = texts.map { SequenceLayout(prefix: $0.count, imageTokens: grid.tokens) }
        let capacity = layouts.map(\.span.upperBound).max() ?? 0
        decoderCaches = model.decoder.makeCaches(sequences: texts.count, capacity: capacity)
        headCaches = model.head.makeCaches(sequences: texts.count, capacity: capacity)
        conditioning = model.conditioning(Array(schedule.times.dropLast()))
        var rows = RowLayout()
        for (i, layout) in layouts.enumerated() {
            rows.append(sequence: i, start: layout.prefix, count: layout.span.count, span: layout.span)
        }
        stepRows = rows
        velocities = Tensor(
            zeros: [
                texts.count, geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch,
            ])
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
        model.head(model.head.project(normed, workspace), rows, headCaches, nil, workspace)
    }

    /// The velocity field at evaluation `step` for latents `[images, channels, height, width]` float32.
    ///
    /// - Returns: `[branches * images, channels, height, width]`: conditional images first, then the unconditional ones. Valid until the
    ///   next call.
    public func branches(_ latents: Tensor, step: Int, observe: Observer? = nil) -> Tensor {
        precondition(latents.shape == latentShape)
        let (compute, width, tokens) = (model.compute, model.geometry.llm.hidden, grid.tokens)
        let span = tokens + 1

        // Dual-path embedding of the images, shared by both branches.
        let embeddings = model.fusion(latents, compute, workspace, observe: observe)  // [images * tokens, hidden]
        let hidden = workspace.tensor("hidden", [layouts.count * span, width])  // [sequences * span, hidden]
        let timeToken = conditioning.tokens.rows(step..<step + 1)  // [1, hidden]
        for sequence in 0..<layouts.count {
            let image = sequence % images
            let rows = hidden.rows(sequence * span..<(sequence + 1) * span)
            rows.rows(0..<1).copy(from: timeToken)
            rows.rows(1..<span).copy(from: embeddings.rows(image * tokens..<(image + 1) * tokens))
        }
        observe?("llm.input", hidden)

        model.decoder(hidden, stepRows, decoderCaches, workspace, observe: observe)
        let normed = workspace.tensor("hidden.normed", hidden.shape, compute.activationType)
        compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        observe?("llm.final_norm", normed)

        let modulation = conditioning.modulations[step]
        let state = model.head.project(normed, workspace)  // [sequences * span, head hidden]
        observe?("diff_proj", state)
        model.head(state, stepRows, headCaches, modulation, workspace, observe: observe)
        let output = model.head.velocities(state, modulation, workspace)  // [sequences * span, patchWidth]
        observe?("head_final", output)
        for sequence in 0..<layouts.count {
            Patches.join(
                output.rows(sequence * span + 1..<(sequence + 1) * span), channels: model.geometry.latentChannels,
                into: velocities.rows(sequence..<sequence + 1))
        }
        return velocities
    }

    /// The guided velocity `v_u + scale (v_c - v_u)`, written to `out` `[images, channels, height, width]`.
    public func velocity(
        _ latents: Tensor, step: Int, guidance: Float, into out: Tensor, observe: Observer? = nil
    ) {
        let branches = branches(latents, step: step, observe: observe)
        let conditional = branches.rows(0..<images)
        guard guided else {
            out.copy(from: conditional)
            return
        }
        out.copy(from: branches.rows(images..<2 * images))
        out.add(conditional, minus: out, times: guidance)
    }

    /// Bytes of caches and intermediates.
    public var byteCount: Int {
        (decoderCaches + headCaches).reduce(workspace.byteCount) { $0 + $1.byteCount }
    }
}
