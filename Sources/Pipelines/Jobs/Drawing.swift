import Compute
import FlashU
import Images
package import ShowO2
import Tensors
import Tokenizers

/// The job of ``TextToImage``: prompts are read, images denoised in batches that bound the memory, and decoded one by one.
public final class Drawing: Job {
    private let model: UnifiedModel
    private let request: TextToImage.Request
    private let settings: TextToImage.Settings
    private let schedule: FlowSchedule
    private let grid: TokenGrid
    private let prompts: [Prompt]
    /// What the unconditional branch reads; nil without guidance.
    private let negative: [Int]?
    private let special: SpecialTokens
    private let neurons: [[Range<Int>]]?
    private let vae: WanVAE?
    private let emit: (TextToImage.Event) -> Void
    /// Latent frames of each image; 1 unless they are videos.
    private let latentFrames: Int
    /// Told of a video's frames.
    private let frame: (TextToVideo.Frame) -> Void
    /// The latents of a video's first frame, where one is given: `[1, channels, height, width]`.
    private var firstLatents: Tensor?
    /// Told the time of each evaluation, its latents and its velocity `[images, channels, height, width]`, which hold only meanwhile.
    private let observe: ((Float, Tensor, Tensor) -> Void)?
    /// A sequence at whose end the only image is drawn. It reads what is unread, and not the image.
    private let continued: Continuation?
    /// Who wants to see images while they are drawn.
    private let previews: DrawingPreviews?
    /// The batch that is being denoised; given up before the VAE takes memory of its own.
    private var batch: Batch?
    private var evaluationsDone = 0

    /// What one batch needs from its first evaluation to its last.
    private struct Batch {
        let images: Range<Int>
        let denoising: Denoising
        var planner: GenerationPlanner
        var sampler: Sampler
        let velocity: Tensor
        var evaluation = 0
        let start: Spent
        let prefill: Spent
    }

    /// Checks a request, without computing anything.
    ///
    /// - Parameters:
    ///   - request: what is drawn.
    ///   - model: the loaded model.
    ///   - emit: told of every evaluation and image.
    /// - Throws: `ModelError`, `ProfileError`, and errors of files that are opened late (tokenizer, VAE).
    public convenience init(
        _ request: TextToImage.Request, on model: UnifiedModel, emit: @escaping (TextToImage.Event) -> Void
    ) throws {
        try self.init(request, on: model, observe: nil, emit: emit)
    }

    /// The same, with pictures of what the images are going to be.
    package convenience init(
        _ request: TextToImage.Request, on model: UnifiedModel, previews: DrawingPreviews?,
        emit: @escaping (TextToImage.Event) -> Void
    ) throws {
        try self.init(request, on: model, observe: nil, previews: previews, emit: emit)
    }

    /// The same, with a view of the trajectory.
    ///
    /// - Parameters:
    ///   - observe: told the time of each evaluation, its latents and its velocity, which hold only meanwhile.
    ///   - continued: a sequence, a drawing one, at whose end the request's only image is drawn; nil = a new one.
    ///   - frame: told of every frame, where videos are drawn.
    ///   - previews: given pictures of what the images are going to be.
    init(
        _ request: TextToImage.Request, on model: UnifiedModel, observe: ((Float, Tensor, Tensor) -> Void)? = nil,
        continuing continued: Continuation? = nil, frame: @escaping (TextToVideo.Frame) -> Void = { _ in },
        previews: DrawingPreviews? = nil,
        emit: @escaping (TextToImage.Event) -> Void
    ) throws {
        let geometry = model.geometry
        try model.check(request.profile, for: .generation)
        let settings = TextToImage.Settings(request, geometry)
        try request.checkCount()
        guard !request.prompts.isEmpty else { throw ModelError.request("no prompt given") }
        guard settings.guidance.isFinite else {
            throw ModelError.request("the guidance scale must be a finite number")
        }
        schedule = try FlowSchedule(steps: settings.steps, timeShift: settings.timeShift)
        grid = try geometry.grid(width: settings.width, height: settings.height)
        func ids(_ prompt: TextToImage.Request.Prompt) throws -> [Int] {
            let ids =
                switch prompt {
                case .text(let text): try model.tokenizer().encode(text, special: .asText)
                case .ids(let ids): ids
                case .pieces: throw ModelError.request("a negative prompt is text, not a sequence of pieces")
                }
            guard ids.count <= geometry.maxPromptTokens else {
                throw ModelError.request(
                    "the prompt has \(ids.count) tokens; the model has room for \(geometry.maxPromptTokens)")
            }
            return ids
        }
        latentFrames = request.film?.latentFrames ?? 1
        let tokens = latentFrames * grid.tokens
        prompts = try request.prompts.flatMap { prompt in
            guard case .pieces(let pieces) = prompt else {
                return Array(repeating: Prompt.ids(try ids(prompt)), count: request.copies)
            }
            let encoding = try PieceEncoding(
                pieces, on: model, imageMask: .generation, videoMask: .full, frameCache: request.profile.frameCache)
            try encoding.layout.check(extra: tokens, 2)
            return Array(repeating: .pieces(encoding), count: request.copies)
        }
        let unread = try PieceLayout(continued?.unread ?? [], geometry)
        if let continued {
            precondition(prompts.count == 1, "a sequence goes on with one image")
            try unread.check(extra: continued.sequence.count, tokens, 2)
        }
        // Guidance of 0 asks for the conditional branch alone, and so does 1: v_u + 1 (v_c - v_u) = v_c.
        let guided = settings.guidance > 0 && settings.guidance != 1
        let away = try request.negativePrompt.map(ids) ?? []
        negative = guided ? away : nil
        special = try model.specialTokens()
        try request.checkNoise(geometry.latentShape(grid))
        for prompt in prompts { try TokenSequence.check(frames: latentFrames, of: grid, behind: prompt.length) }
        try request.checkFirstFrame(settings)
        vae = request.decode || request.film?.firstFrame != nil ? try model.vae() : nil
        neurons = model.neuronOrder?.ranges(.generation, ratio: request.profile.ffn.generationRatio)
        (self.model, self.request, self.settings, self.emit) = (model, request, settings, emit)
        (self.observe, self.frame, self.continued) = (observe, frame, continued)
        self.previews = previews
        // What is decided by the image must not depend on the others of its batch.
        let size =
            request.profile.decidesByImage
            ? 1 : max(1, Self.rowsPerBatch / ((guided ? 2 : 1) * (tokens + 1)))
        let images = min(size, prompts.count)
        // Keys and values of what a continued sequence has read are there already, but for the page that it goes on in.
        let text = prompts.map { $0.length + unread.length + (continued == nil ? 0 : KeyValuePages.slots) }
        let planner = GenerationPlanner(
            request.profile, evaluations: schedule.evaluations, layers: geometry.llm.layers, neurons: neurons,
            magnitude: model.calibration?.scores[.generation]?.magnitude)
        var estimate = MemoryEstimate.drawing(
            geometry, grid: grid, images: images, frames: latentFrames,
            prefixes: (0..<images).flatMap { guided ? [text[$0], away.count + 2] : [text[$0]] },
            times: schedule.evaluations, keeps: planner.keeps,
            measures: request.profile.layers.generationRatio > 0, precision: model.network.compute.precision)
        if let vae {
            let (width, height) = (settings.width, settings.height)
            if request.decode {
                let memory =
                    request.film == nil
                    ? try vae.memory(.decoding, width: width, height: height)
                    : try vae.filmMemory(.decoding, width: width, height: height)
                (estimate.vae, estimate.vaeWeights) = (memory.intermediates, memory.weights)
            }
            if request.film?.firstFrame != nil {
                let memory = try vae.memory(.encoding, width: width, height: height)
                estimate.vae = max(estimate.vae, memory.intermediates)
                estimate.vaeWeights += memory.weights
                estimate.beginsWithVAE = true
            }
            estimate.previews = previews != nil
        }
        for case .pieces(let encoding) in prompts { try encoding.addVAE(to: &estimate) }
        super.init(
            .generation, on: model.network, estimate: estimate,
            waitingFor: prompts.flatMap(\.frameSources))
        if let first = request.film?.firstFrame { addEncoding(of: first) }
        for first in stride(from: 0, to: prompts.count, by: size) {
            let images = first..<min(first + size, prompts.count)
            stages.add { [unowned self] in try begin(images) }
        }
    }

    /// Rows that one evaluation runs at most, unless a single image needs more: bounds the memory of large batches.
    static let rowsPerBatch = 2048

    /// A prompt, checked.
    private enum Prompt {
        case ids([Int])
        case pieces(PieceEncoding)

        /// Tokens before the image's time token.
        var length: Int {
            switch self {
            case .ids(let ids): ids.count + 2
            case .pieces(let encoding): encoding.layout.length + 1
            }
        }

        /// Videos whose frames are waited for.
        var frameSources: [any FrameSource] {
            switch self {
            case .ids: []
            case .pieces(let encoding): encoding.frameSources
            }
        }

        /// What a sequence reads, boi included, once what has to be encoded is.
        func pieces(_ special: SpecialTokens) -> [Piece] {
            switch self {
            case .ids(let ids): [.text(special.drawing(ids))]
            case .pieces(let encoding):
                encoding.layout.lastToken == special.beginOfImage
                    ? encoding.pieces : encoding.pieces + [.text([special.beginOfImage])]
            }
        }
    }

    /// Adds the stages that encode the videos' first frame.
    private func addEncoding(of image: RGBImage) {
        stages.add { [unowned self] in
            guard let vae else { return }
            let planar = Tensor(image.normalizedPlanar(), shape: [3, image.height, image.width])
            try vae.addEncoding(to: stages, planar) { [unowned self] posterior in
                guard posterior.mean.isFinite else { throw ModelError.notFinite("the first frame's latents") }
                firstLatents = posterior.mean.reshaped([1] + posterior.mean.shape)
            }
        }
    }

    /// Encodes the images in the prompts of a batch.
    private func begin(_ images: Range<Int>) throws {
        let start = spent
        for case .pieces(let encoding) in prompts[images] { encoding.add(to: stages) }
        if let continued, !continued.unread.isEmpty {
            // Its end is the place before boi, where the next image, or text, goes on.
            let pass = try ReadingPass([(continued.sequence, continued.unread)])
            stages.add(pass.stages)
            stages.add { withExtendedLifetime(pass) {} }
        }
        stages.add { [unowned self] in try read(images, from: start) }
    }

    /// Reads the prompts of a batch.
    private func read(_ images: Range<Int>, from start: Spent) throws {
        let reading = try PromptReading(
            model: network, special: special, readings: prompts[images].map { $0.pieces(special) },
            negative: negative.map { Prompt.ids($0).pieces(special) }, into: continued.map { [$0.sequence.fork()] })
        stages.add(reading.pass.stages)
        stages.add { [unowned self] in
            let evaluations = Sampler.evaluations(settings.sampler, points: schedule.times.count)
            let planner = GenerationPlanner(
                request.profile, evaluations: evaluations, layers: model.geometry.llm.layers, neurons: neurons,
                times: Sampler.evaluationTimes(settings.sampler, of: schedule.times),
                magnitude: model.calibration?.scores[.generation]?.magnitude)
            let denoising = try Denoising(
                after: reading.conditional, guidedFrom: reading.unconditional, schedule: schedule, grid: grid,
                frames: latentFrames, keepsFirstFrame: firstLatents != nil, keeps: planner.keeps)
            stages.add(denoising.preparation)
            stages.add { [unowned self] in
                batch = Batch(
                    images: images, denoising: denoising, planner: planner,
                    sampler: Sampler(settings.sampler, times: schedule.times, from: noise(of: images)),
                    velocity: Tensor(zeros: denoising.latentShape), start: start, prefill: spent - start)
                stages.add { [unowned self] in try evaluate() }
                finish(.read)
            }
        }
    }

    /// What a batch starts from, `[images * frames, channels, height, width]`: noise, and the first frame where it is given.
    private func noise(of images: Range<Int>) -> Tensor {
        let shape = model.geometry.latentShape(grid)
        let noise = Tensor(zeros: [images.count * latentFrames] + shape)
        if let given = request.noise {
            let rows = given.reshaped([prompts.count * latentFrames] + shape)
            noise.copy(from: rows.rows(images.lowerBound * latentFrames..<images.upperBound * latentFrames).toFloat32())
        } else {
            for (i, index) in images.enumerated() {
                let seed = request.seed &+ UInt64(index)
                noise.rows(i * latentFrames..<(i + 1) * latentFrames).set(
                    request.film == nil
                        ? TextToImage.noise(seed: seed, shape: shape)
                        : TextToVideo.noise(seed: seed, frames: latentFrames, shape: shape))
            }
        }
        keepFirstFrame(of: noise)
        return noise
    }

    /// Writes the first frame, where it is given, over that of each video in `latents` `[images * frames, channels, height, width]`.
    private func keepFirstFrame(of latents: Tensor) {
        guard let firstLatents else { return }
        for first in stride(from: 0, to: latents.shape[0], by: latentFrames) {
            latents.rows(first..<first + 1).copy(from: firstLatents)
        }
    }

    /// Evaluates the velocity once and goes on from there.
    private func evaluate() throws {
        guard var batch else { return }
        guard let step = batch.sampler.next() else {
            end(batch)
            return
        }
        let (evaluation, geometry, before) = (batch.evaluation, model.geometry, spent)
        let latents = batch.sampler.latents
        let plan = batch.planner.plan(evaluation, importance: batch.denoising.layerImportance, latents: latents)
        let guidance = settings.guidance * Float(batch.planner.guidanceFactor(evaluation))
        self.batch = batch
        try batch.denoising.addVelocity(
            to: stages, latents, step: step, guidance: guidance, plan, into: batch.velocity)
        stages.add { [unowned self] in
            observe?(schedule.times[step], latents, batch.velocity)
            let total = Sampler.evaluations(settings.sampler, points: schedule.times.count)
            let preview = previews?.number(after: evaluation, of: total).map {
                (number: $0, latents: DrawingPreviews.latents(at: schedule.times[step], latents, batch.velocity))
            }
            let checks = batch.denoising.checks
            let velocityCheck = batch.planner.velocityCheck
            batch.planner.observe(.init(latents: latents, velocity: batch.velocity, checks: checks))
            batch.sampler.accept(batch.velocity)
            batch.evaluation += 1
            self.batch = batch
            evaluationsDone += batch.images.count
            let took = spent - before
            let trace = StepTrace(
                evaluation: evaluation, time: schedule.times[step], plan: plan, full: batch.planner.isFull(evaluation),
                velocityCheck: velocityCheck, checks: checks, guidance: guidance, layers: geometry.llm.layers,
                width: geometry.llm.intermediate,
                flops: took.operations.total, seconds: took.seconds)
            emit(.step(.init(done: evaluationsDone, total: prompts.count * total, trace: trace)))
            finish(.evaluation)
            if let preview { try show(preview.latents, of: batch.images, preview.number) }
            stages.add { [unowned self] in try evaluate() }
        }
    }

    /// Decodes what the images of a batch are going to be.
    private func show(_ latents: Tensor, of images: Range<Int>, _ number: Int) throws {
        guard let vae, let previews, request.film == nil else { return }
        for (i, index) in images.enumerated() {
            let one = latents.rows(i..<i + 1).reshaped(model.geometry.latentShape(grid))
            // Early guesses of a damaged model are told of at the end.
            guard one.isFinite else { continue }
            stages.add { [unowned stages, settings] in
                try vae.addDecoding(to: stages, one) { planar in
                    guard planar.isFinite else { return }
                    previews.take(
                        index, number,
                        try RGBImage(planar: planar.floats(), width: settings.width, height: settings.height))
                }
            }
        }
    }

    /// Gives the batch's memory back and decodes its images.
    private func end(_ batch: Batch) {
        let took = spent - batch.start
        let timings = TextToImage.Timings(
            prefill: batch.prefill.seconds, denoising: took.seconds - batch.prefill.seconds, decoding: 0,
            batch: batch.images.count, evaluations: batch.evaluation, flops: took.operations.total)
        let latents = batch.sampler.latents
        self.batch = nil
        // Some solvers move what has no velocity by their rounding.
        keepFirstFrame(of: latents)
        for (i, index) in batch.images.enumerated() {
            stages.add { [unowned self] in
                let own = latents.rows(i * latentFrames..<(i + 1) * latentFrames).toFloat32()
                try decode(
                    request.film == nil ? own.reshaped(model.geometry.latentShape(grid)) : own, index, timings)
            }
        }
    }

    private func decode(_ latents: Tensor, _ index: Int, _ timings: TextToImage.Timings) throws {
        guard latents.isFinite else { throw ModelError.notFinite("the latents that the model computed") }
        let before = spent
        func done(_ pixels: RGBImage?) {
            var timings = timings
            timings.decoding = (spent - before).seconds
            emit(
                .image(
                    .init(
                        index: index, latents: latents, pixels: pixels, seed: request.seed &+ UInt64(index),
                        settings: settings, timings: timings)))
            finish(.image)
        }
        guard let vae, request.decode else { return done(nil) }
        if request.film != nil {
            let count = WanVAE.frames(ofLatents: latentFrames)
            try vae.addDecoding(to: stages, film: latents) { [unowned self] number, planar in
                let pixels = try pixels(planar)
                frame(.init(video: index, index: number, count: count, pixels: pixels))
                if number + 1 == count { done(nil) }
            }
            return
        }
        try vae.addDecoding(to: stages, latents) { [unowned self] in done(try pixels($0)) }
    }

    /// The picture of `[3, height, width]`.
    private func pixels(_ planar: Tensor) throws -> RGBImage {
        guard planar.isFinite else { throw ModelError.notFinite("the pixels that the VAE computed") }
        return try RGBImage(planar: planar.floats(), width: settings.width, height: settings.height)
    }
}

extension TextToImage.Request {
    /// Refuses given noise that isn't finite, or of another shape than that of the images, or videos, each image or frame having `shape`.
    /// - Throws: ``ModelError/request(_:)``.
    func checkNoise(_ shape: [Int]) throws(ModelError) {
        guard let noise else { return }
        let needed = [images] + (film.map { [$0.latentFrames] } ?? []) + shape
        let isOneVideo = film != nil && images == 1 && noise.shape == Array(needed.dropFirst())
        guard noise.shape == needed || isOneVideo else {
            throw .request("the initial noise has shape \(noise.shape); \(needed) is needed")
        }
        guard noise.isFinite else { throw .request("the initial noise holds values that are not finite numbers") }
    }

    /// Refuses a first frame of another size than the video's.
    /// - Throws: ``ModelError/request(_:)``.
    func checkFirstFrame(_ settings: TextToImage.Settings) throws(ModelError) {
        guard let first = film?.firstFrame, first.width != settings.width || first.height != settings.height else {
            return
        }
        throw .request(
            "the first frame has \(first.width) x \(first.height) pixels, the video \(settings.width) x \(settings.height)"
        )
    }
}

extension ShowO2Geometry {
    /// The size of an image, in pixels: one side that is given stands for both, none for the model's own.
    package func imageSize(_ width: Int?, _ height: Int?) -> (width: Int, height: Int) {
        (width ?? height ?? imageWidth, height ?? width ?? imageHeight)
    }

    /// Shape of the latents of an image, `[channels, height, width]`.
    package func latentShape(_ grid: TokenGrid) -> [Int] { [latentChannels, grid.height * patch, grid.width * patch] }
}
