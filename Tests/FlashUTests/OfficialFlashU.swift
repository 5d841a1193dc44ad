import Compute
import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors

/// The released FlashU code's generation, quirks included, on our network: the whole padded sequence of all branches in every evaluation.
///
/// Quirks (see the golden files' README, F1 to F8): evaluations are counted from 1; layer importance is measured on all rows, pads
/// included, the last layer's output after the final norm; a refresh runs all layers with the pruned FFN, even on a cached evaluation;
/// the full phase starts at a count of nominal steps, which are one more than there are evaluations.
struct OfficialFlashU {
    /// The golden manifest's settings.
    struct Settings: Decodable {
        struct Step: Decodable {
            var guidance: Float
            var full_network: Bool
            var layers_skipped: [Int]
            var head_cache_hit: Bool
            var recalc: Bool
        }
        var prompts_token_ids: [[Int]]
        var num_inference_steps: Int
        var guidance_scale: Float
        var r_p: Double
        var r_LS: Double
        var T_LS: Int
        var T_cache: Int
        var tau: Int
        var adaptive_guidance_schedule: [[Double]]
        var kept_neurons: [[Int]]
        var steps: [Step]
    }

    /// What an evaluation did.
    struct Trace: Equatable {
        var guidance: Float
        var full: Bool
        var skipped: [Int]
        var cached: Bool
        var measured: Bool
    }

    let model: ShowO2Model
    let settings: Settings
    let neurons: [[Range<Int>]]?
    private let layouts: [SequenceLayout]
    private let texts: [(before: [Int], after: [Int])]
    private let conditioning: TimeConditioning
    private var skipped: Set<Int> = []
    private var cachedState: Tensor?

    init(model: ShowO2Model, settings: Settings, special: SpecialTokens, pad: Int, neurons: [[Range<Int>]]?) throws {
        self.model = model
        self.settings = settings
        self.neurons = neurons
        let geometry = model.geometry
        let prompts = settings.prompts_token_ids + settings.prompts_token_ids.map { _ in [] }
        texts = prompts.map { prompt in
            let before = [special.beginOfSequence] + prompt + [special.beginOfImage]
            let filled = before.count + 1 + geometry.imageTokens + 2
            let pads = Array(repeating: pad, count: geometry.maxSequence - filled)
            return (before, [special.endOfImage, special.endOfSequence] + pads)
        }
        layouts = texts.map { SequenceLayout(prefix: $0.before.count, imageTokens: geometry.imageTokens) }
        let schedule = try FlowSchedule(steps: settings.num_inference_steps, timeShift: 3)
        conditioning = try model.conditioning(Array(schedule.times.dropLast()))
    }

    /// The guided velocity at evaluation `step` (from 0) for latents `[images, ...]`, and what was done.
    mutating func velocity(_ latents: Tensor, step: Int) throws -> (Tensor, Trace) {
        let (geometry, compute, workspace) = (model.geometry, model.compute, Workspace())
        let (number, images, length) = (step + 1, latents.shape[0], geometry.maxSequence)
        let full = number > settings.num_inference_steps - settings.tau
        let measures = !full && (number - 1) % settings.T_LS == 0
        let cached = !full && cachedState != nil && number % settings.T_cache != 0
        var trace = Trace(guidance: guidance(number), full: full, skipped: [], cached: cached, measured: measures)

        var rows = RowLayout()
        for (i, layout) in layouts.enumerated() { rows.append(sequence: i, start: 0, count: length, span: layout.span) }
        let hidden = Tensor(zeros: [layouts.count * length, geometry.llm.hidden])  // [sequences * length, hidden]
        let embeddings = try model.fusion.embeddings(latents, compute)  // [images * tokens, hidden]
        for (i, layout) in layouts.enumerated() {
            let own = hidden.rows(i * length..<(i + 1) * length)
            model.embed(texts[i].before, into: own, from: 0)
            own.rows(layout.time..<layout.time + 1).copy(from: conditioning.tokens.rows(step..<step + 1))
            let image = i % images * geometry.imageTokens
            own.rows(layout.image).copy(from: embeddings.rows(image..<image + geometry.imageTokens))
            model.embed(texts[i].after, into: own, from: layout.span.upperBound)
        }
        var importance: [Double] = []
        if !full, !measures { trace.skipped = skipped.sorted() }
        try model.decoder.run(
            hidden, rows, sequences: layouts.count, workspace,
            skipping: Set(trace.skipped), neurons: full ? nil : neurons
        ) { [model] layer, before, after in
            var output = after
            if layer == geometry.llm.layers - 1 {
                output = Tensor(zeros: after.shape)
                model.compute.norm(after, model.decoder.finalNorm, nil, silu: false, into: output)
            }
            if measures { importance.append(1 - before.meanCosine(to: output, rows: 0..<rows.count)) }
        }
        if measures { skipped = LayerSkipping.leastImportant(importance, ratio: settings.r_LS) }

        let modulation = conditioning.modulations[step]
        let modulated = RowMask(layouts.flatMap { layout in (0..<length).map { layout.span.contains($0) } })
        var state = Tensor(zeros: [layouts.count * length, geometry.head.hidden])
        if cached, let cachedState {
            state = cachedState
        } else {
            let normed = Tensor(zeros: hidden.shape)
            compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
            state.copy(from: try model.head.projected(normed, width: geometry.head.hidden, workspace))
            try model.head.run(
                state, rows, sequences: layouts.count, modulation, modulated: modulated, workspace)
            if number % settings.T_cache == 0 { cachedState = state }
        }
        let output = try model.head.velocities(state, modulation, modulated: modulated, workspace)
        let branches = Tensor(zeros: [layouts.count] + latents.shape.dropFirst())
        for (i, layout) in layouts.enumerated() {
            Patches.join(
                output.rows(i * length..<(i + 1) * length).rows(layout.image), channels: geometry.latentChannels,
                into: branches.rows(i..<i + 1))
        }
        let velocity = branches.rows(images..<2 * images).toFloat32()
        velocity.add(branches.rows(0..<images), minus: velocity, times: trace.guidance)
        return (velocity, trace)
    }

    /// Piecewise; after the schedule's end the plain scale.
    private func guidance(_ number: Int) -> Float {
        var left = number
        for piece in settings.adaptive_guidance_schedule {
            if left <= Int(piece[0]) { return Float(piece[1]) }
            left -= Int(piece[0])
        }
        return settings.guidance_scale
    }
}
