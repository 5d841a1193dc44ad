public import Compute
import Foundation
public import Tensors

/// Images being drawn, each at the end of a sequence: owns caches and intermediates, and evaluates the velocity step by step.
///
/// What does not change between steps is computed once: keys and values of what the sequences have read, usually `[bos] prompt [boi]`, in the LLM and
/// in the head (causal, so the image never touches them), and everything that depends on t alone. A step runs the span's N + 1 rows of each
/// sequence, both guidance branches in one batch; the image embedding, which both branches share, runs once an image.
public final class Denoising {
    let model: ShowO2Model
    let head: FlowHead
    /// The times of the evaluations.
    public let schedule: FlowSchedule
    /// The tokens of an image, or of each frame of a video.
    public let grid: TokenGrid
    /// Images, or videos, drawn at once.
    public let images: Int
    /// Latent frames of each, all behind one time token; 1 = images.
    public let frames: Int
    /// Whether the first frame of each video is given, and stays: its velocity is zero.
    public let keepsFirstFrame: Bool
    let guided: Bool
    /// What has to run before the first evaluation; see `Stages`.
    public let preparation = Stages()
    private var conditioning: TimeConditioning?
    /// What was read before the images: conditional sequences first.
    let sequences: [TokenSequence]
    /// Per LLM layer, the sequences' caches.
    let decoderCaches: [[any KeyValueCache]]
    /// Per layer of the head, the sequences' caches.
    let headCaches: [[any KeyValueCache]]
    let workspace = Workspace()
    /// Per LLM layer, rows of a step: the span of every sequence. `.both` branches, and the conditional one alone.
    let decoderRows: (both: [RowLayout], conditional: [RowLayout])
    /// The same in the head.
    let headRows: (both: RowLayout, conditional: RowLayout)
    /// `[sequences, channels, height, width]`
    private let velocities: Tensor
    /// The last `v_c - v_u`, `[images, channels, height, width]`.
    private let difference: Tensor
    /// The head's last hidden states over time, for plans that extrapolate them.
    private var headStates: Extrapolation
    /// The input of the head's last layer over time, for plans that check what they extrapolate.
    var headInputs: Extrapolation
    /// What the layers added at the last evaluation that ran them all.
    var residuals = ResidualCache()
    /// Conditional velocities over time, and differences of the branches, for plans that reuse them.
    private var pastVelocities = (conditional: Extrapolation(order: 2), difference: Extrapolation(order: 2))
    /// Where the last of them was computed, `[images, channels, height, width]`; nil when plans don't reuse them.
    private var state: Tensor?
    /// The semantic encoder's features over time.
    var semanticFeatures: Extrapolation
    let keeps: Kept

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
        /// The input of the head's last layer.
        public static let headInput = Kept(rawValue: 4)
        /// What the layers add.
        public static let residuals = Kept(rawValue: 8)
        /// Velocities, and the state at which the last was computed.
        public static let velocity = Kept(rawValue: 16)
    }

    /// Prepares to draw at the end of sequences that have read all up to and including `[boi]`. They are forked, and stay as they are. Nothing is
    /// computed before ``preparation`` is run.
    ///
    /// - Parameters:
    ///   - conditional: one for each image.
    ///   - unconditional: what the image is guided away from, one for each image; empty = no guidance.
    ///   - schedule: the grid of times.
    ///   - grid: the image tokens; see ``ShowO2Geometry/grid(width:height:)``.
    ///   - frames: latent frames of a video, 1 or more: as the official `forward` has them for T > 1, each is embedded as an image is, and all stand in one span
    ///     behind one time token, in which all tokens see each other.
    ///   - keepsFirstFrame: whether the first of several frames is a condition: it goes in as it is (at the same t as the others, there is one time token),
    ///     and its velocity is zero (official `first_frame_as_cond`).
    ///   - keeps: what plans will extrapolate from; it costs memory.
    /// - Throws: ``ModelError/request(_:)`` when an image doesn't fit into the model's context, or the model was loaded without generation.
    public init(
        after conditional: [TokenSequence], guidedFrom unconditional: [TokenSequence] = [], schedule: FlowSchedule,
        grid: TokenGrid, frames: Int = 1, keepsFirstFrame: Bool = false, keeps: Kept = []
    ) throws {
        guard let model = conditional.first?.model else { throw ModelError.request("no prompt given") }
        precondition(unconditional.isEmpty || unconditional.count == conditional.count)
        let all = conditional + unconditional
        precondition(all.allSatisfy { $0.model === model && $0.canDraw }, "a sequence that nothing can be drawn in")
        try TokenSequence.check(frames: frames, of: grid, behind: all.map(\.count).max() ?? 0)
        self.model = model
        head = try model.head
        self.schedule = schedule
        self.grid = grid
        images = conditional.count
        (self.frames, self.keepsFirstFrame) = (frames, keepsFirstFrame && frames > 1)
        guided = !unconditional.isEmpty
        sequences = all.map { $0.fork() }
        decoderCaches = model.decoder.layers.indices.map { [sequences] layer in sequences.map { $0.caches[layer] } }
        headCaches = head.layers.indices.map { [sequences] layer in sequences.map { $0.headCaches[layer] } }
        let tokens = frames * grid.tokens
        func rows(_ sequences: ArraySlice<TokenSequence>, from slot: (TokenSequence) -> Int) -> RowLayout {
            var layout = RowLayout()
            for (i, sequence) in sequences.enumerated() {
                var span = SequenceRows(start: sequence.count)
                span.append(1 + tokens)
                span.spans = [0..<span.count]
                span.append(to: &layout, sequence: i, from: slot(sequence))
            }
            return layout
        }
        func everyLayer(_ sequences: ArraySlice<TokenSequence>) -> [RowLayout] {
            var known: [[Int]: RowLayout] = [:]
            return model.decoder.layers.indices.map { layer in
                let taken = sequences.map { $0.taken[layer] }
                if let layout = known[taken] { return layout }
                let layout = rows(sequences) { $0.taken[layer] }
                known[taken] = layout
                return layout
            }
        }
        decoderRows = (everyLayer(sequences[...]), everyLayer(sequences.prefix(images)))
        headRows = (
            rows(sequences[...]) { $0.headTaken }, rows(sequences.prefix(images)) { $0.headTaken }
        )
        let geometry = model.geometry
        let shape = [geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch]
        velocities = Tensor(zeros: [all.count * frames] + shape)
        difference = Tensor(zeros: [images * frames] + shape)
        headStates = Extrapolation(order: 2)
        headInputs = Extrapolation(order: 2)
        semanticFeatures = Extrapolation(order: 2)
        self.keeps = keeps
        model.addConditioning(to: preparation, Array(schedule.times.dropLast())) { [unowned self] in conditioning = $0 }
    }

    /// Prepares to draw a batch of prompts, and computes the prompts' keys and values.
    ///
    /// - Parameters:
    ///   - model: the loaded model.
    ///   - special: ids of the structural tokens.
    ///   - prompts: the token ids of each prompt, without bos and boi.
    ///   - negative: the token ids that the unconditional branch reads in the prompt's place; the official code's is empty.
    ///   - schedule: the grid of times.
    ///   - grid: the image tokens; see ``ShowO2Geometry/grid(width:height:)``.
    ///   - frames: latent frames of a video.
    ///   - keepsFirstFrame: whether the first of several frames is a condition.
    ///   - guided: whether the unconditional branch is needed.
    ///   - keeps: what plans will extrapolate from; it costs memory.
    /// - Throws: ``ModelError/request(_:)`` when a prompt is too long or holds an id outside the vocabulary,
    ///   or the model was loaded without generation.
    public convenience init(
        model: ShowO2Model, special: SpecialTokens, prompts: [[Int]], negative: [Int] = [], schedule: FlowSchedule,
        grid: TokenGrid, frames: Int = 1, keepsFirstFrame: Bool = false, guided: Bool, keeps: Kept = []
    ) throws {
        let reading = try PromptReading(
            model: model, special: special, prompts: prompts, negative: guided ? negative : nil)
        try reading.pass.finish()
        try self.init(
            after: reading.conditional, guidedFrom: reading.unconditional, schedule: schedule, grid: grid,
            frames: frames, keepsFirstFrame: keepsFirstFrame, keeps: keeps)
        try preparation.finish()
    }

    /// Shape of the latents: `[images * frames, channels, height, width]`.
    public var latentShape: [Int] { [images * frames] + velocities.shape.dropFirst() }
    /// Rows of a sequence that an evaluation runs: the time token and all frames.
    var span: Int { 1 + frames * grid.tokens }

    /// How much each LLM layer changed its input at the last evaluation whose plan measured it: 1 - mean cosine between
    /// input and output over all rows of the spans, `[layers]`. Empty before.
    public internal(set) var layerImportance: [Double] = []

    /// What the last evaluation measured and decided on its way.
    public internal(set) var checks = EvaluationChecks()

    /// Adds the stages that evaluate the velocity field at evaluation `step` for latents `[images * frames, channels, height, width]` float32, which must stay
    /// as they are until the stages have run.
    ///
    /// - Parameter probe: is shown what the plan's probes see.
    /// - Returns: `[branches * images * frames, channels, height, width]`: conditional images first, then, if they run, the unconditional ones.
    ///   Valid once the stages have run, until the next evaluation.
    private func addBranches(
        to stages: Stages, _ latents: Tensor, step: Int, _ plan: StepPlan, probe: ProbeSink?, observe: Observer?
    ) throws -> Tensor {
        precondition(latents.shape == latentShape)
        guard let conditioning else { preconditionFailure("the preparation has not run") }
        let branches = guided && plan.branches == .both ? sequences.count : images
        let rows = branches == sequences.count ? headRows.both : headRows.conditional
        let time = schedule.time(step)
        stages.add { [self] in checks = EvaluationChecks() }
        // [sequences * span, head hidden]
        let hidden = workspace.tensor("head.hidden", [rows.count, model.geometry.head.hidden])
        let compute = { [self] (stages: Stages) in
            addBackbone(
                to: stages, latents, step: step, plan, conditioning, sequences: branches, into: hidden, probe: probe,
                observe: observe)
            if keeps.contains(.head) { stages.add { [self] in headStates.record(hidden, at: time) } }
        }
        switch plan.head {
        case .extrapolate(let order) where headStates.covers(rows: rows.count):
            stages.add { [self] in headStates.forecast(at: time, order: order, into: hidden) }
        case .verified(let order, let tolerance)
        where headStates.covers(rows: rows.count) && headInputs.covers(rows: rows.count):
            let expected = workspace.tensor("head.expected", hidden.shape)  // [sequences * span, head hidden]
            stages.add { [self] in
                headInputs.forecast(at: time, order: order, into: hidden)
                headStates.forecast(at: time, order: order, into: expected)
            }
            head.add(
                to: stages, hidden, rows, caches: { [headCaches] in Array(headCaches[$0].prefix(branches)) },
                conditioning.modulations[step], workspace, layers: head.layers.indices.suffix(1), observe: observe)
            stages.add { [self] in
                let error = (expected.sumOfSquares(minus: hidden) / hidden.sumOfSquares()).squareRoot()
                checks.head = EvaluationCheck(measured: error, limit: tolerance, isReused: error <= tolerance)
                if !(error <= tolerance) { compute(stages) }
            }
        case .compute, .extrapolate, .verified: compute(stages)
        }
        stages.add { [self] in
            // [sequences * span, patchWidth]
            let output = head.velocities(hidden, conditioning.modulations[step], workspace)
            observe?("head_final", output)
            for frame in 0..<branches * frames {
                let first = frame / frames * span + 1 + frame % frames * grid.tokens
                Patches.join(
                    output.rows(first..<first + grid.tokens), channels: model.geometry.latentChannels,
                    into: velocities.rows(frame..<frame + 1))
            }
            if keepsFirstFrame {
                for video in 0..<branches { velocities.rows(video * frames..<video * frames + 1).fill(0) }
            }
        }
        return velocities.rows(0..<branches * frames)
    }

    /// Adds the stages that write the guided velocity `v_u + scale (v_c - v_u)` of latents `[images * frames, channels, height, width]` float32, which must
    /// stay as they are until then, to `out` of the same shape.
    ///
    /// - Parameters:
    ///   - stages: where the work is added.
    ///   - latents: the state of each image.
    ///   - step: place of the evaluation in the schedule.
    ///   - guidance: the guidance scale.
    ///   - plan: what is computed, and what is reused or left out.
    ///   - out: where the velocity goes.
    ///   - probe: is shown what the plan's probes see.
    ///   - observe: is shown intermediate results.
    /// - Throws: from the last stage, ``ModelError/notFinite(_:)`` when the velocity holds infinities or not-a-numbers.
    public func addVelocity(
        to stages: Stages, _ latents: Tensor, step: Int, guidance: Float, _ plan: StepPlan = .dense, into out: Tensor,
        probe: ProbeSink? = nil, observe: Observer? = nil
    ) throws {
        let time = schedule.time(step)
        if case .reuse(let order, let drift) = plan.velocity, let state {
            stages.add { [self] in
                checks = EvaluationChecks()
                // [images, channels, height, width] both
                let conditional = workspace.tensor("velocity.conditional", latentShape)
                let difference = workspace.tensor("velocity.difference", latentShape)
                pastVelocities.conditional.forecast(at: time, order: order, into: conditional)
                pastVelocities.difference.forecast(at: time, order: order, into: difference)
                if drift != 0 { conditional.add(latents, minus: state, times: Float(drift)) }
                try guide(conditional, difference, scale: guidance, plan, step: step, into: out)
            }
            return
        }
        let branches = try addBranches(to: stages, latents, step: step, plan, probe: probe, observe: observe)
        stages.add { [self] in
            let conditional = branches.rows(0..<images * frames)
            if guided, plan.branches == .both {
                difference.copy(from: conditional)
                difference.add(branches.rows(images * frames..<2 * images * frames), times: -1)
            }
            if keeps.contains(.velocity) {
                pastVelocities.conditional.record(conditional, at: time)
                if guided, plan.branches == .both { pastVelocities.difference.record(difference, at: time) }
                let state = state ?? Tensor(zeros: latentShape)
                state.copy(from: latents)
                self.state = state
            }
            try guide(conditional, difference, scale: guidance, plan, step: step, into: out)
        }
    }

    /// Writes the guided velocity to `out`, from the conditional one and the difference of the branches, `[images, channels, height, width]` all.
    private func guide(
        _ conditional: Tensor, _ difference: Tensor, scale: Float, _ plan: StepPlan, step: Int, into out: Tensor
    ) throws {
        out.copy(from: conditional)
        if guided, plan.branches != .conditional {
            // v_u + s (v_c - v_u) = v_c + (s - 1) (v_c - v_u)
            out.add(difference, times: scale - 1)
            // [images, frames * channels, height, width]: a video's spread is that of all its frames.
            let videos = [images] + [frames * out.shape[1]] + out.shape[2...]
            GuidanceRescale.apply(
                plan.rescale, to: out.reshaped(videos), conditional: conditional.reshaped(videos))
        }
        guard out.isFinite else { throw ModelError.notFinite("the velocity of evaluation \(step + 1)") }
    }

    /// The velocity field of both branches, at once; see ``addVelocity(to:_:step:guidance:_:into:probe:observe:)``.
    ///
    /// - Returns: `[branches * images * frames, channels, height, width]`: conditional images first, then, if they run, the unconditional ones.
    ///   Valid until the next call.
    public func branches(
        _ latents: Tensor, step: Int, _ plan: StepPlan = .dense, observe: Observer? = nil
    ) throws -> Tensor {
        let stages = Stages()
        let branches = try addBranches(to: stages, latents, step: step, plan, probe: nil, observe: observe)
        try stages.finish()
        return branches
    }

    /// The guided velocity, at once; see ``addVelocity(to:_:step:guidance:_:into:probe:observe:)``.
    public func velocity(
        _ latents: Tensor, step: Int, guidance: Float, _ plan: StepPlan = .dense, into out: Tensor,
        probe: ProbeSink? = nil, observe: Observer? = nil
    ) throws {
        let stages = Stages()
        try addVelocity(
            to: stages, latents, step: step, guidance: guidance, plan, into: out, probe: probe, observe: observe)
        try stages.finish()
    }

    /// Bytes of keys, values, intermediates, and what is kept of earlier evaluations.
    public var byteCount: Int {
        TokenSequence.byteCount(of: sequences) + workspace.byteCount + residuals.byteCount + (state?.byteCount ?? 0)
            + [headStates, headInputs, semanticFeatures, pastVelocities.conditional, pastVelocities.difference]
            .reduce(0) { $0 + $1.byteCount }
    }
}
