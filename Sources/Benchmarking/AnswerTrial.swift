import Compute
public import FlashU
import ShowO2
import Tensors

/// One image, one question and its answer under a profile, part by part, as often as wanted.
///
/// The image is noise, the question one token over and over: neither changes the time. With random weights nothing can be calibrated, so any choice of
/// neurons and layers stands for the best.
public final class AnswerTrial {
    private let subject: BenchSubject
    private let reading: SequenceReader
    private let start: TokenSequence.Mark
    private var planner: ReadingPlanner
    private let pixels: Tensor
    private let latents: Tensor
    private let size: ReadingSize
    private let prefix: [Int]
    private let question: [Int]
    private let answerTokens: Int
    private var afterImage: TokenSequence.Mark
    private var afterQuestion: TokenSequence.Mark

    /// A trial of its own, for programs that take turns with several profiles.
    ///
    /// - Throws: ``BenchFailure/network`` where only the VAE is there, `ProfileError`, `ModelError`.
    public convenience init(
        _ subject: BenchSubject, _ profile: AccelerationProfile, questionTokens: Int, answerTokens: Int
    ) throws {
        try profile.validate(
            layers: subject.geometry.llm.layers, encoderLayers: subject.geometry.vision.layers, for: .understanding)
        var options = Benchmark.Options()
        (options.profile, options.textTokens, options.answerTokens) = (profile, questionTokens, answerTokens)
        try self.init(subject, options)
    }

    /// - Throws: ``BenchFailure/network`` where only the VAE is there, `ModelError`.
    init(_ subject: BenchSubject, _ options: Benchmark.Options) throws {
        guard let network = subject.network else { throw BenchFailure.network }
        let geometry = subject.geometry
        self.subject = subject
        let scores = Calibration.Scores(
            wanda: [], reconstruction: [], layers: (0..<geometry.llm.layers).map { Float($0) })
        planner = ReadingPlanner(
            options.profile, layers: geometry.llm.layers,
            neurons: subject.neurons(ratio: options.profile.ffn.understandingRatio), scores: scores)
        // What surrounds the image is as long as the chat template makes it, or shorter where the model has less room.
        let room = max(2, geometry.maxSequence - geometry.imageTokens - 3)
        prefix = Array(repeating: 10, count: min(24, room / 2))
        question = Array(repeating: 10, count: options.textTokens)
        answerTokens = options.answerTokens
        size = geometry.reading(at: options.profile.reading.scale)
        pixels = Benchmark.noise([3, size.height, size.width])
        latents = Benchmark.noise([1, geometry.latentChannels, size.height / WanVAE.scale, size.width / WanVAE.scale])
        reading = try SequenceReader(model: network, special: subject.special)
        start = reading.sequence.mark
        (afterImage, afterQuestion) = (start, start)
    }

    /// Of the image's tokens, those that stayed when it was read last.
    public var keptTokens: Int { reading.keptTokens?.count ?? size.grid.tokens }

    /// What one answer took, in seconds.
    public struct Times: Sendable {
        /// The VAE's encoder.
        public let encoding: Double
        /// Prefix and image, by part.
        public let image: [(part: String, seconds: Double)]
        /// The question, to the first token.
        public let question: Double
        /// The further tokens, together.
        public let furtherTokens: Double
        /// Further tokens.
        public let count: Int
        /// Operations from pixels to the first token: they don't depend on what else the machine does.
        public let operations: Int

        /// Prefix and image.
        public var reading: Double { image.reduce(0) { $0 + $1.seconds } }
        /// From pixels to the first token.
        public var firstToken: Double { encoding + reading + question }
        /// Of a further token.
        public var token: Double { count > 0 ? furtherTokens / Double(count) : 0 }
        /// From pixels to the last token.
        public var answer: Double { firstToken + furtherTokens }
    }

    /// Answers once.
    /// - Throws: `ModelError`, `ComputeError`, `CancellationError`.
    public func run() throws -> Times {
        let before = subject.compute.meter.reading
        let encoding = try seconds { try encode() }
        let clock = try readImage()
        let asking = try seconds { try ask() }
        let operations = (subject.compute.meter.reading - before).total
        let decoding = try seconds { for _ in 1..<max(1, answerTokens) { try readToken() } }
        return Times(
            encoding: encoding,
            image: Part.allCases.compactMap { part in
                clock.parts[part].flatMap { $0.seconds > 0 ? (part.rawValue, $0.seconds) : nil }
            }, question: asking, furtherTokens: decoding, count: max(0, answerTokens - 1),
            operations: operations)
    }

    /// Runs the VAE's encoder.
    func encode() throws { _ = try subject.vae.encode(pixels) }

    /// Reads prefix and image from the start.
    func readImage() throws -> StageClock {
        reading.sequence.rewind(to: start)
        let clock = StageClock(subject.compute.meter)
        try reading.read(
            [.text(prefix), .image(ImagePiece(latents: latents))], planner.imagePlan, cut: planner.cut,
            observe: clock.observe)
        clock.end()
        afterImage = reading.sequence.mark
        return clock
    }

    /// Reads the question behind the image, to the first token.
    func ask() throws {
        reading.sequence.rewind(to: afterImage)
        _ = try reading.logits(after: question, planner.questionPlan)
        planner.chooseLayers(reading.layerImportance)
        afterQuestion = reading.sequence.mark
        answered = 0
    }

    private var answered = 0

    /// Reads a token of the answer; after as many as the answer is long, the first one again.
    func readToken() throws {
        if answered == answerTokens {
            reading.sequence.rewind(to: afterQuestion)
            answered = 0
        }
        _ = try reading.logits(after: [10], planner.decodingPlan)
        answered += 1
    }
}
