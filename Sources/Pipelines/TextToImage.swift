import Compute
public import FlashU
import Foundation
public import Images
package import ShowO2
import Synchronization
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
    let model: UnifiedModel

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
            /// Everything before the image, bos included, and nothing added but the image's own boi: a sequence of text and images, at time 1, which the
            /// new one continues (official `inference_mixed_modality.py`). The branch that it is guided away from stays `[bos] negative [boi]`, as there.
            case pieces([PromptPiece])
        }
        /// What is drawn, ``copies`` images of each.
        public var prompts: [Prompt]
        /// Images of each prompt. What a prompt shows is encoded once for all of them.
        public var copies = 1
        /// Images in all.
        public var images: Int {
            let (images, overflow) = prompts.count.multipliedReportingOverflow(by: copies)
            return overflow ? .max : images
        }
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

        /// Whether each image is a video; see ``TextToVideo``.
        var film: Film?

        /// What makes a video of an image.
        struct Film: Sendable {
            /// Frames of latents.
            var latentFrames: Int
            /// What the first one is, instead of noise: pixels of the video's size.
            var firstFrame: RGBImage?
        }

        /// Images of one prompt at most.
        public static let mostImages = 100_000
        /// A number of images that can't be drawn, for the error.
        var impossibleCount: Int?

        /// Refuses more images than can be drawn, or none.
        /// - Throws: `ModelError/request(_:)`.
        func checkCount() throws(ModelError) {
            let impossible = (1...Self.mostImages).contains(copies) ? impossibleCount : copies
            if let count = impossible ?? (images > Self.mostImages ? images : nil) {
                throw .request("between 1 and \(Self.mostImages) images can be drawn of a prompt, not \(count)")
            }
        }

        /// One prompt, `count` images of it: 1 to ``mostImages``.
        public init(
            prompt: String, count: Int = 1, steps: Int? = nil, guidance: Float? = nil, timeShift: Float? = nil,
            seed: UInt64 = 0, width: Int? = nil, height: Int? = nil, negativePrompt: String? = nil,
            profile: AccelerationProfile = .off
        ) {
            self.init(
                prompts: Array(repeating: .text(prompt), count: (1...Self.mostImages).contains(count) ? count : 0),
                steps: steps, guidance: guidance,
                timeShift: timeShift, seed: seed, width: width, height: height,
                negativePrompt: negativePrompt.map { .text($0) }, profile: profile)
            if prompts.isEmpty { impossibleCount = count }
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
        /// Its place among the images: those of the first prompt come first.
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

        /// The settings of a request on a model of that geometry.
        package init(_ request: Request, _ geometry: ShowO2Geometry) {
            let profile = request.profile
            steps = request.steps ?? profile.schedule.points(of: geometry.sampling.steps)
            guidance = request.guidance ?? geometry.sampling.guidance
            timeShift = request.timeShift ?? geometry.sampling.timeShift
            sampler = profile.schedule.sampler
            (width, height) = geometry.imageSize(request.width, request.height)
        }
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

    /// Draws, telling of each step and each image as it comes. Ending the iteration stops the work within a unit; see ``Scheduler``.
    ///
    /// The stream throws `ModelError/request(_:)` for what the model can't draw, `ModelError/notFinite(_:)` when damaged weights
    /// make it compute no numbers, errors of the files that are opened late (tokenizer, VAE), and `CancellationError`.
    public func generate(_ request: Request) -> AsyncThrowingStream<Event, any Error> {
        model.scheduler.stream { try Drawing(request, on: model, emit: $0) }
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

    /// Draws one image, latents only, and keeps its trajectory.
    ///
    /// - Throws: what ``generate(_:)`` throws.
    package func trajectory(_ request: Request) async throws -> Trajectory {
        let states = Mutex<[Trajectory.State]>([])
        let drawn = Mutex<Drawn?>(nil)
        var request = request
        (request.prompts, request.decode) = (Array(request.prompts.prefix(1)), false)
        let one = request
        try await model.scheduler.run {
            try Drawing(
                one, on: model,
                observe: { time, latents, velocity in
                    let state = Trajectory.State(
                        time: time, latents: latents.toFloat32(), velocity: velocity.toFloat32())
                    states.withLock { $0.append(state) }
                },
                emit: { event in
                    if case .image(let image) = event { drawn.withLock { $0 = image } }
                })
        }
        guard let image = drawn.withLock({ $0 }) else { throw CancellationError() }
        return Trajectory(states: states.withLock { $0 }, drawn: image)
    }

    /// The image of latents `[channels, height / 8, width / 8]` float32, normalised.
    package func decoded(_ latents: Tensor) async throws -> RGBImage {
        try await model.worker.run {
            let planar = try model.vae().decode(latents)
            guard planar.isFinite else { throw ModelError.notFinite("the pixels that the VAE computed") }
            return try RGBImage(
                planar: planar.floats(), width: latents.shape[2] * 8, height: latents.shape[1] * 8)
        }
    }

    /// `torch.randn` of the seed, rounded to bfloat16 as the official code does.
    package static func noise(seed: UInt64, shape: [Int]) -> [Float] {
        var generator = TorchNoise(seed: seed)
        return generator.normal(shape.reduce(1, *)).map(\.roundedToBFloat16)
    }

    /// An image on its way from the noise: `x_t = (1 - t) noise + t image`.
    package static func noised(_ image: Tensor, time: Float, seed: UInt64) -> Tensor {
        let noised = Tensor(noise(seed: seed, shape: image.shape), shape: image.shape)
        noised.update { _, value in value * (1 - time) }
        noised.add(image, times: time)
        return noised
    }
}
