import Compute
public import FlashU
import Foundation
public import Images
public import ShowO2
package import Tensors
import Tokenizers

/// Answers questions about an image.
///
/// The image stands before the question, so it is encoded and read once, and its keys and values serve every question.
///
/// ```swift
/// let image = try RGBImage(contentsOf: URL(fileURLWithPath: "photo.jpg"))
/// for try await event in ImageQuestion(model).ask(.init(image: image, questions: ["What is this?"])) {
///     if case .text(_, let piece) = event { print(piece, terminator: "") }
/// }
/// ```
public struct ImageQuestion: Sendable {
    let model: UnifiedModel

    /// A pipeline on a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// What to ask.
    public struct Request: Sendable {
        /// What stands before the questions: images, videos, text.
        public typealias Source = PromptPiece
        /// A question as text, or as the exact tokens after eoi.
        public enum Question: Sendable {
            /// Text, put into the chat template; special tokens in it are plain text.
            case text(String)
            /// Token ids, in no template.
            case ids([Int])
            /// None: the answer continues what was read. It is the only question then.
            case continuation
        }
        /// Images, videos and the text between them, read in this order before the question.
        public var sources: [Source]
        /// The questions, answered independently of each other.
        public var questions: [Question]
        /// The exact tokens before boi, instead of the template's.
        public var prefix: [Int]?
        /// What stands around images and question.
        public var template = Conversation.Template.chatML
        /// Tokens of an answer at most.
        public var maxTokens: Int
        /// How tokens are chosen.
        public var sampling: SamplingOptions
        /// What may be done to be faster.
        public var profile: AccelerationProfile
        /// Which rows of a video see each other.
        public var videoMask = VideoPiece.Mask.official
        /// Whether an answer also ends where the model would begin an image, as the official `mm_generate` and `lm_generate` do.
        public var endsAtImage = false
        /// The seed of the posterior's noise: the official code samples the VAE's posterior. nil = its mean.
        public var posteriorSeed: UInt64?

        /// Text questions on an image, or on several together.
        public init(
            images: [RGBImage], questions: [String], maxTokens: Int = 300, sampling: SamplingOptions = .init(),
            profile: AccelerationProfile = .off
        ) {
            self.init(
                sources: images.map { .image($0) }, questions: questions.map { .text($0) }, maxTokens: maxTokens,
                sampling: sampling, profile: profile)
        }

        /// Text questions on an image.
        public init(
            image: RGBImage, questions: [String], maxTokens: Int = 300, sampling: SamplingOptions = .init(),
            profile: AccelerationProfile = .off
        ) {
            self.init(
                images: [image], questions: questions, maxTokens: maxTokens, sampling: sampling, profile: profile)
        }

        /// All options.
        public init(
            sources: [Source], questions: [Question], prefix: [Int]? = nil, maxTokens: Int = 300,
            sampling: SamplingOptions = .init(), posteriorSeed: UInt64? = nil, profile: AccelerationProfile = .off
        ) {
            self.sources = sources
            self.questions = questions
            self.prefix = prefix
            self.maxTokens = maxTokens
            self.sampling = sampling
            self.posteriorSeed = posteriorSeed
            self.profile = profile
        }
    }

    /// What happens while questions are answered.
    public enum Event: Sendable {
        /// So many of the images and frames have passed the VAE.
        case encoded(done: Int, total: Int)
        /// What stands before the questions has been read, once for all of them. When the profile drops image tokens: of each image and each frame of a
        /// video, in their order, the places of those that stayed, rising, in raster order over its tokens; empty when it drops none.
        /// ``TokenOverlay`` shows them on an image.
        case imageRead(keptTokens: [[Int]])
        /// More text of the answer to question `index`.
        case text(index: Int, String)
        /// The answer is complete.
        case answer(Answer)
    }

    /// A complete answer.
    public struct Answer: Sendable {
        /// The question's place.
        public let index: Int
        /// The text, without surrounding white space; empty when the folder has no tokenizer.
        public let text: String
        /// Token ids, the end token included if it came.
        public let tokens: [Int]
        /// Whether it ended by itself, not by `maxTokens`.
        public let finished: Bool
        /// Seconds.
        public let timings: Timings
    }

    /// Seconds.
    public struct Timings: Sendable, Codable {
        /// The VAE (0 for given latents). Spent once an image.
        public var encoding: Double
        /// Reading image and prefix. Spent once an image.
        public var reading: Double
        /// Reading the question, to the first token.
        public var question: Double
        /// All further tokens.
        public var decoding: Double
        /// Tokens decoded after the first, a second.
        public var tokensPerSecond: Double
        /// Floating-point operations of encoding and reading. Spent once an image.
        public var imageFlops: Int
        /// Floating-point operations of question and answer.
        public var flops: Int
    }

    /// Asks, telling of the text as it is decoded. Ending the iteration stops the work within a unit; see ``Scheduler``.
    ///
    /// The stream throws `ModelError/request(_:)`, errors of files that are opened late (tokenizer, VAE), and `CancellationError`.
    public func ask(_ request: Request) -> AsyncThrowingStream<Event, any Error> {
        model.scheduler.stream { try Answering(request, on: model, emit: $0) }
    }

    /// Asks and returns all answers.
    public func answers(_ request: Request) async throws -> [Answer] {
        var answers: [Answer] = []
        for try await event in ask(request) {
            if case .answer(let answer) = event { answers.append(answer) }
        }
        try Task.checkCancellation()
        return answers
    }

    /// What the model sees of an image: its short side resized to the size at which it is read, the centre cut out. Each image token covers
    /// `ShowO2/ShowO2Geometry/pixelsPerToken` of its pixels in both directions.
    ///
    /// - Parameters:
    ///   - image: of any size.
    ///   - scale: a profile's `reading.scale`.
    /// - Throws: `ImageError`.
    public func fitted(_ image: RGBImage, scale: Double = 1) throws(ImageError) -> RGBImage {
        try image.fitted(to: model.geometry.reading(at: scale))
    }

    /// The latents `[1, channels, height, width]` float32 of an image as the model sees it: the posterior's mean.
    package func latents(of image: RGBImage, scale: Double = 1) async throws -> Tensor {
        let latents = try await model.worker.run { try posterior(of: image, scale: scale).mean }
        return latents.reshaped([1] + latents.shape)
    }

    /// What the VAE makes of an image, as the model sees it.
    func posterior(of image: RGBImage, scale: Double = 1) throws -> WanVAE.Posterior {
        let fitted = try fitted(image, scale: scale)
        return try model.vae().encode(Tensor(fitted.normalizedPlanar(), shape: [3, fitted.height, fitted.width]))
    }

    /// `torch.randn` of the seed.
    static func posteriorNoise(seed: UInt64, count: Int) -> [Float] {
        var generator = TorchNoise(seed: seed)
        return generator.normal(count)
    }
}

extension RGBImage {
    /// At the size at which it is read.
    func fitted(to size: ReadingSize) throws(ImageError) -> RGBImage {
        width == size.width && height == size.height
            ? self : try resizedCovering(width: size.width, height: size.height)
    }
}
