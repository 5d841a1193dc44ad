import Compute
public import FlashU
import Foundation
public import Images
import ShowO2
public import Tensors
import Tokenizers

/// Draws images from text.
///
/// ```swift
/// let model = try await UnifiedModel.load(URL(fileURLWithPath: "Models/shapes"))
/// for try await event in TextToImage(model).generate(.init(prompt: "a photo of a red circle", seed: 1)) {
///     if case .image(let image) = event { try image.pixels?.write(to: URL(fileURLWithPath: "out.png")) }
/// }
/// ```
public struct TextToImage: Sendable {
    private let model: UnifiedModel

    /// A pipeline on a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// What to draw and how.
    public struct Request: Sendable {
        /// A prompt as text, or as the tokens between bos and boi.
        public enum Prompt: Sendable {
            /// Text; special tokens in it are plain text.
            case text(String)
            /// Token ids.
            case ids([Int])
        }
        /// One image is drawn for each.
        public var prompts: [Prompt]
        /// What the images are guided away from, in the place of the empty text that the official code uses; nil = that. Without guidance it has
        /// no effect.
        public var negativePrompt: Prompt?
        /// Points of the time grid, the official `num_inference_steps`: one more than there are evaluations. nil = the model's.
        public var steps: Int?
        /// Guidance scale; 0 or less means no guidance. nil = the model's.
        public var guidance: Float?
        /// Shift of the time grid towards noise. nil = the model's.
        public var timeShift: Float?
        /// Image i starts from the noise of `seed + i`.
        public var seed: UInt64
        /// Pixels; nil = the model's own size.
        public var width: Int?
        /// Pixels; nil = the model's own size.
        public var height: Int?
        /// The noise to start from, `[images, channels, height / 8, width / 8]` float32, instead of the seed's.
        public var noise: Tensor?
        /// Whether to decode the latents to pixels.
        public var decode: Bool
        /// What may be done to be faster.
        public var profile: AccelerationProfile

        /// One prompt, `count` images of it.
        public init(
            prompt: String, count: Int = 1, steps: Int? = nil, guidance: Float? = nil, timeShift: Float? = nil,
            seed: UInt64 = 0, width: Int? = nil, height: Int? = nil, negativePrompt: String? = nil,
            profile: AccelerationProfile = .off
        ) {
            self.init(
                prompts: Array(repeating: .text(prompt), count: max(0, count)), steps: steps, guidance: guidance,
                timeShift: timeShift, seed: seed, width: width, height: height,
                negativePrompt: negativePrompt.map { .text($0) }, profile: profile)
        }

        /// Several prompts, one image each.
        public init(
            prompts: [Prompt], steps: Int? = nil, guidance: Float? = nil, timeShift: Float? = nil, seed: UInt64 = 0,
            width: Int? = nil, height: Int? = nil, negativePrompt: Prompt? = nil, noise: Tensor? = nil,
            decode: Bool = true, profile: AccelerationProfile = .off
        ) {
            self.prompts = prompts
            self.negativePrompt = negativePrompt
            self.steps = steps
            self.guidance = guidance
            self.timeShift = timeShift
            self.seed = seed
            self.width = width
            self.height = height
            self.noise = noise
            self.decode = decode
            self.profile = profile
        }
    }

    /// What happens while images are drawn.
    public enum Event: Sendable {
        /// An evaluation was done.
        case step(Step)
        /// An image is finished.
        case image(Drawn)
    }

    /// Progress of a run.
    public struct Step: Sendable {
        /// Evaluations done, over all images.
        public let done: Int
        /// Evaluations in all.
        public let total: Int
        /// What this one did.
        public let trace: StepTrace
    }

    /// A finished image.
    public struct Drawn: Sendable {
        /// Its place among the prompts.
        public let index: Int
        /// The final latents `[channels, height / 8, width / 8]` float32, normalised.
        public let latents: Tensor
        /// The image; nil when it was not to be decoded.
        public let pixels: RGBImage?
        /// The seed of its noise.
        public let seed: UInt64
        /// Settings used.
        public let settings: Settings
        /// Seconds of the batch that it was drawn in: prompt, denoising, and of decoding it.
        public let timings: Timings
    }

    /// The settings of a run, defaults filled in.
    public struct Settings: Sendable, Equatable {
        /// Points of the time grid.
        public let steps: Int
        /// Guidance scale.
        public let guidance: Float
        /// Time shift.
        public let timeShift: Float
        /// The solver.
        public let sampler: Sampler.Kind
        /// Pixels.
        public let width: Int
        /// Pixels.
        public let height: Int
    }

    /// Seconds.
    public struct Timings: Sendable, Codable {
        /// Prompt tokens through the LLM and the head.
        public var prefill: Double
        /// All evaluations of the batch.
        public var denoising: Double
        /// The VAE, for one image.
        public var decoding: Double
        /// Images in the batch.
        public var batch: Int
        /// Evaluations of each image.
        public var evaluations: Int
        /// Floating-point operations of the batch, prompt and denoising.
        public var flops: Int
    }

    /// Draws, telling of each step and each image as it comes. Ending the iteration stops the work within a step.
    ///
    /// The stream throws `ModelError/request(_:)` for what the model can't draw, `ModelError/notFinite(_:)` when damaged weights
    /// make it compute no numbers, errors of the files that are opened late (tokenizer, VAE), and `CancellationError`.
    public func generate(_ request: Request) -> AsyncThrowingStream<Event, any Error> {
        model.worker.stream { try run(request, $0) }
    }

    /// Draws and returns all images.
    public func images(_ request: Request) async throws -> [Drawn] {
        var images: [Drawn] = []
        for try await event in generate(request) {
            if case .image(let image) = event { images.append(image) }
        }
        try Task.checkCancellation()
        return images
    }

    /// The loop.
    private func run(_ request: Request, _ emit: (Event) -> Void) throws {
        let geometry = model.geometry
        let profile = request.profile
        try model.check(profile, for: .generation)
        let settings = Settings(
            steps: request.steps ?? profile.schedule.points(of: geometry.sampling.steps),
            guidance: request.guidance ?? geometry.sampling.guidance,
            timeShift: request.timeShift ?? geometry.sampling.timeShift, sampler: profile.schedule.sampler,
            width: request.width ?? request.height ?? geometry.imageWidth,
            height: request.height ?? request.width ?? geometry.imageHeight)
        guard !request.prompts.isEmpty else { throw ModelError.request("no prompt given") }
        guard settings.guidance.isFinite else { throw ModelError.request("the guidance scale must be a finite number") }
        let schedule = try FlowSchedule(steps: settings.steps, timeShift: settings.timeShift)
        let grid = try geometry.grid(width: settings.width, height: settings.height)
        func ids(_ prompt: Request.Prompt) throws -> [Int] {
            switch prompt {
            case .text(let text): try model.tokenizer().encode(text, special: .asText)
            case .ids(let ids): ids
            }
        }
        let prompts = try request.prompts.map(ids)
        let negative = try request.negativePrompt.map(ids) ?? []
        let special = try model.specialTokens()
        let shape = [geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch]
        if let noise = request.noise, noise.shape != [prompts.count] + shape {
            throw ModelError.request("the initial noise has shape \(noise.shape); \([prompts.count] + shape) is needed")
        }
        if let noise = request.noise, !noise.isFinite {
            throw ModelError.request("the initial noise holds values that are not finite numbers")
        }
        let vae = request.decode ? try model.vae() : nil

        // Guidance of 0 asks for the conditional branch alone, and so does 1: v_u + 1 (v_c - v_u) = v_c.
        let guided = settings.guidance > 0 && settings.guidance != 1
        let batchSize = max(1, Self.rowsPerBatch / ((guided ? 2 : 1) * (grid.tokens + 1)))
        let evaluations = Sampler(settings.sampler, times: schedule.times).evaluations
        let total = prompts.count * evaluations
        let neurons = model.neuronOrder?.ranges(.generation, ratio: profile.ffn.generationRatio)
        var done = 0

        /// The latents of some of the prompts. What they took memory for is given back before the VAE takes its own.
        func denoise(_ batch: Range<Int>) throws -> (latents: Tensor, timings: Timings) {
            var watch = Stopwatch()
            let meter = model.network.compute.meter
            let start = meter.reading
            let latents = Tensor(zeros: [batch.count] + shape)
            for (i, index) in batch.enumerated() {
                latents.rows(i..<i + 1).set(
                    request.noise.map { $0.rows(index..<index + 1).floats() }
                        ?? Self.noise(seed: request.seed &+ UInt64(index), shape: shape))
            }
            var planner = GenerationPlanner(
                profile, evaluations: evaluations, layers: geometry.llm.layers, neurons: neurons)
            let denoising = try Denoising(
                model: model.network, special: special, prompts: Array(prompts[batch]), negative: negative,
                schedule: schedule, grid: grid, guided: guided, keeps: planner.keeps)
            let prefill = watch.lap()
            var denoisingTime = 0.0
            var count = 0
            var sampler = Sampler(settings.sampler, times: schedule.times)
            try sampler.run(latents) { x, step, velocity in
                try Task.checkCancellation()
                let evaluation = count
                let plan = planner.plan(evaluation, importance: denoising.layerImportance)
                let guidance = settings.guidance * Float(planner.guidanceFactor(evaluation))
                let before = meter.reading
                denoising.velocity(x, step: step, guidance: guidance, plan, into: velocity)
                let seconds = watch.lap()
                denoisingTime += seconds
                done += batch.count
                count += 1
                let trace = StepTrace(
                    evaluation: evaluation, time: schedule.times[step], plan: plan, full: planner.isFull(evaluation),
                    guidance: guidance, layers: geometry.llm.layers, width: geometry.llm.intermediate,
                    flops: (meter.reading - before).total, seconds: seconds)
                emit(.step(Step(done: done, total: total, trace: trace)))
            }
            let timings = Timings(
                prefill: prefill, denoising: denoisingTime + watch.lap(), decoding: 0, batch: batch.count,
                evaluations: evaluations, flops: (meter.reading - start).total)
            return (latents, timings)
        }

        for first in stride(from: 0, to: prompts.count, by: batchSize) {
            let batch = first..<min(first + batchSize, prompts.count)
            let (latents, drawn) = try denoise(batch)
            var timings = drawn
            var watch = Stopwatch()
            for (i, index) in batch.enumerated() {
                try Task.checkCancellation()
                let own = latents.rows(i..<i + 1).reshaped(shape).toFloat32()
                guard own.isFinite else { throw ModelError.notFinite("the latents that the model computed") }
                let pixels = try vae.map {
                    let planar = try $0.decode(own)
                    guard planar.isFinite else { throw ModelError.notFinite("the pixels that the VAE computed") }
                    return try RGBImage(planar: planar.floats(), width: settings.width, height: settings.height)
                }
                timings.decoding = watch.lap()
                emit(
                    .image(
                        Drawn(
                            index: index, latents: own, pixels: pixels, seed: request.seed &+ UInt64(index),
                            settings: settings, timings: timings)))
            }
        }
    }

    /// Rows that one evaluation runs at most, unless a single image needs more: bounds the memory of large batches.
    private static let rowsPerBatch = 2048

    /// `torch.randn` of the seed, rounded to bfloat16 as the official code does.
    package static func noise(seed: UInt64, shape: [Int]) -> [Float] {
        var generator = TorchNoise(seed: seed)
        return generator.normal(shape.reduce(1, *)).map(\.roundedToBFloat16)
    }
}
