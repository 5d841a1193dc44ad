import Compute
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

        /// One prompt, `count` images of it.
        public init(
            prompt: String, count: Int = 1, steps: Int? = nil, guidance: Float? = nil, timeShift: Float? = nil,
            seed: UInt64 = 0, width: Int? = nil, height: Int? = nil
        ) {
            self.init(
                prompts: Array(repeating: .text(prompt), count: count), steps: steps, guidance: guidance,
                timeShift: timeShift, seed: seed, width: width, height: height)
        }

        /// Several prompts, one image each.
        public init(
            prompts: [Prompt], steps: Int? = nil, guidance: Float? = nil, timeShift: Float? = nil, seed: UInt64 = 0,
            width: Int? = nil, height: Int? = nil, noise: Tensor? = nil, decode: Bool = true
        ) {
            self.prompts = prompts
            self.steps = steps
            self.guidance = guidance
            self.timeShift = timeShift
            self.seed = seed
            self.width = width
            self.height = height
            self.noise = noise
            self.decode = decode
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
    }

    /// Draws, telling of each step and each image as it comes. Ending the iteration stops the work within a step.
    ///
    /// The stream throws `ModelError/request(_:)` for what the model can't draw, errors of the files that are opened late
    /// (tokenizer, VAE), and `CancellationError`.
    public func generate(_ request: Request) -> AsyncThrowingStream<Event, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await model.worker.run { try run(request) { continuation.yield($0) } }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        }
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
        let settings = Settings(
            steps: request.steps ?? geometry.sampling.steps, guidance: request.guidance ?? geometry.sampling.guidance,
            timeShift: request.timeShift ?? geometry.sampling.timeShift,
            width: request.width ?? request.height ?? geometry.imageWidth,
            height: request.height ?? request.width ?? geometry.imageHeight)
        guard !request.prompts.isEmpty else { throw ModelError.request("no prompt given") }
        guard settings.guidance.isFinite else { throw ModelError.request("the guidance scale must be a finite number") }
        let schedule = try FlowSchedule(steps: settings.steps, timeShift: settings.timeShift)
        let grid = try geometry.grid(width: settings.width, height: settings.height)
        let prompts = try request.prompts.map { prompt in
            switch prompt {
            case .text(let text): try model.tokenizer().encode(text, special: .asText)
            case .ids(let ids): ids
            }
        }
        let special = try model.specialTokens()
        let shape = [geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch]
        if let noise = request.noise, noise.shape != [prompts.count] + shape {
            throw ModelError.request("the initial noise has shape \(noise.shape); \([prompts.count] + shape) is needed")
        }
        let vae = request.decode ? try model.vae() : nil

        // Guidance of 0 asks for the conditional branch alone, and so does 1: v_u + 1 (v_c - v_u) = v_c.
        let guided = settings.guidance > 0 && settings.guidance != 1
        let batchSize = max(1, Self.rowsPerBatch / ((guided ? 2 : 1) * (grid.tokens + 1)))
        let total = prompts.count * schedule.evaluations
        var done = 0
        for first in stride(from: 0, to: prompts.count, by: batchSize) {
            let batch = first..<min(first + batchSize, prompts.count)
            var watch = Stopwatch()
            let latents = Tensor(zeros: [batch.count] + shape)
            for (i, index) in batch.enumerated() {
                latents.rows(i..<i + 1).set(
                    request.noise.map { $0.rows(index..<index + 1).floats() }
                        ?? Self.noise(seed: request.seed &+ UInt64(index), shape: shape))
            }
            let denoising = try Denoising(
                model: model.network, special: special, prompts: Array(prompts[batch]), schedule: schedule, grid: grid,
                guided: guided)
            let prefill = watch.lap()
            let velocity = Tensor(zeros: latents.shape)
            for step in 0..<schedule.evaluations {
                try Task.checkCancellation()
                denoising.velocity(latents, step: step, guidance: settings.guidance, into: velocity)
                latents.add(velocity, times: schedule.interval(step))
                done += batch.count
                emit(.step(Step(done: done, total: total)))
            }
            var timings = Timings(
                prefill: prefill, denoising: watch.lap(), decoding: 0, batch: batch.count,
                evaluations: schedule.evaluations)
            for (i, index) in batch.enumerated() {
                try Task.checkCancellation()
                let own = latents.rows(i..<i + 1).reshaped(shape).toFloat32()
                let pixels = try vae.map {
                    try RGBImage(planar: $0.decode(own).floats(), width: settings.width, height: settings.height)
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
