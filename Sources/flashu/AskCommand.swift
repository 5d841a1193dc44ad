import ArgumentParser
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors

/// `flashu ask`
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Ask questions about an image.",
        usage: "flashu ask <image> <question> ... [<options>]",
        discussion: """
            The image (PNG, JPEG or WebP) is resized so that its short side fits the model, and its centre is cut out. It is read \
            once; every question starts from its stored keys and values. Answers are greedy, always the likeliest token, unless \
            --temperature is given.

            EXAMPLES
              flashu ask photo.jpg "What is in this picture?"
              flashu ask stars.png "how many stars are there?" "what color are they?"
              flashu ask stars.png "how many stars are there?" --json
              flashu ask stars.png "what color are the stars?" --set tokens.dropRatio=0.5 --overlay kept.png
            """)

    @Argument(
        help: ArgumentHelp(
            "IMAGE and QUESTION...; with --image-latents only QUESTION..., with --question-ids only IMAGE.",
            valueName: "image-and-questions"),
        completion: .file(extensions: ["png", "jpg", "jpeg", "webp"]))
    var words: [String] = []

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions

    @Option(help: "Tokens of an answer at most, 1 to 30000.")
    var maxTokens = 300

    @Option(help: "Randomness of the answer; 0 = always the likeliest token.")
    var temperature = 0.0

    @Option(help: "With --temperature: choose among the k likeliest tokens. (default: all)")
    var topK: Int?

    @Option(
        help: "With --temperature: choose among the likeliest tokens that have probability p together. (default: all)")
    var topP: Double?

    @Option(help: "Seed of random choices: of --temperature and --sample-posterior.")
    var seed: UInt64 = 0

    @Flag(
        help:
            "Print one JSON object: answer, tokens and timings (a list of them under \"answers\" for several questions)."
    )
    var json = false

    @Option(
        help: ArgumentHelp(
            "The tensor \"image_latents\" [1, 16, h, w] of a safetensors file instead of IMAGE.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var imageLatents: String?

    @Option(
        help: ArgumentHelp(
            "The exact token ids before boi (begin of image), instead of the template's, as 1,2,3.", valueName: "ids"))
    var prefixIds: TokenIDs?

    @Option(
        help: ArgumentHelp(
            "The exact token ids after eoi (end of image), instead of QUESTION and template; repeat for several.",
            valueName: "ids"))
    var questionIds: [TokenIDs] = []

    @Flag(help: "Sample the VAE's posterior, as the official code does, instead of taking its mean.")
    var samplePosterior = false

    @Option(
        help: ArgumentHelp(
            "Write the image as the model saw it, the patches of dropped tokens greyed and hatched; needs tokens.dropRatio.",
            valueName: "png"),
        completion: .file(extensions: ["png"]))
    var overlay: String?

    private var image: String? { imageLatents == nil ? words.first : nil }
    private var questions: [String] { imageLatents == nil ? Array(words.dropFirst()) : words }

    func validate() throws {
        if imageLatents == nil, words.isEmpty {
            throw ValidationError("name an image: flashu ask photo.jpg \"What is this?\".")
        }
        if questions.isEmpty, questionIds.isEmpty {
            throw ValidationError("ask something: flashu ask \(image ?? "photo.jpg") \"What is this?\".")
        }
        if !questions.isEmpty, !questionIds.isEmpty {
            throw ValidationError("give either QUESTION or --question-ids, not both.")
        }
        guard (1...30_000).contains(maxTokens) else {
            throw ValidationError("--max-tokens must be between 1 and 30000, not \(maxTokens).")
        }
        guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be 0 or more.") }
        if let topK, topK < 1 { throw ValidationError("--top-k must be 1 or more.") }
        if let topP, !(topP > 0 && topP <= 1) { throw ValidationError("--top-p must be above 0 and at most 1.") }
        if samplePosterior, imageLatents != nil {
            throw ValidationError("--sample-posterior needs an image, not latents.")
        }
        if overlay != nil, imageLatents != nil { throw ValidationError("--overlay needs an image, not latents.") }
    }

    func run() async throws {
        let profile = try acceleration.profile()
        let overlayFile = try overlay.map { try TokenOverlayFile($0, profile: profile) }
        let source: ImageQuestion.Request.Source =
            if let imageLatents {
                .latents(try openWeights(file: URL(fileURLWithPath: imageLatents)).tensor("image_latents"))
            } else {
                .image(try RGBImage(contentsOf: URL(fileURLWithPath: image ?? "")))
            }
        let model = try await engine.load(for: .understanding)
        let request = ImageQuestion.Request(
            sources: [source],
            questions: questionIds.isEmpty ? questions.map { .text($0) } : questionIds.map { .ids($0.ids) },
            prefix: prefixIds?.ids, maxTokens: maxTokens,
            sampling: SamplingOptions(temperature: temperature, topK: topK, topP: topP, seed: seed),
            posteriorSeed: samplePosterior ? seed : nil, profile: profile)
        var answers: [ImageQuestion.Answer] = []
        var keptTokens: [Int]?
        var begun = -1
        Terminal.progress("reading the image")
        for try await event in ImageQuestion(model).ask(request) {
            switch event {
            case .imageRead(let kept):
                keptTokens = kept
                Terminal.clearProgress()
            case .text(let index, let piece):
                guard !json else { continue }
                if index != begun {
                    begun = index
                    if questions.count > 1 { try Terminal.write("\(questions[index])\n  ", terminator: "") }
                }
                try Terminal.write(piece, terminator: "")
            case .answer(let answer):
                answers.append(answer)
                guard !json else { continue }
                if answer.text.isEmpty {
                    try Terminal.write(
                        "tokens " + answer.tokens.map(String.init).joined(separator: ","), terminator: "")
                }
                try Terminal.write("")
            }
        }
        try Task.checkCancellation()
        if let overlayFile, case .image(let image) = source {
            try overlayFile.write(
                ImageQuestion(model).fitted(image), grid: model.geometry.readingGrid, kept: keptTokens ?? [])
        }
        if json {
            let reports = answers.map {
                Report(
                    question: $0.index < questions.count ? questions[$0.index] : nil, answer: $0.text,
                    tokens: $0.tokens,
                    finished: $0.finished, keptTokens: keptTokens, timings: $0.timings)
            }
            try Terminal.write(
                reports.count == 1 ? JSONOutput.string(reports[0]) : JSONOutput.string(["answers": reports]))
        } else if Terminal.isInteractive, let t = answers.first?.timings {
            Terminal.note(
                String(
                    format: "image encoded in %.2f s, read in %.2f s; first token after %.2f s, then %.1f tokens/s",
                    t.encoding,
                    t.reading, t.question, t.tokensPerSecond))
        }
    }

    private struct Report: Encodable {
        let question: String?
        let answer: String
        let tokens: [Int]
        let finished: Bool
        /// Places of the image tokens that stayed; left out when none were dropped.
        let keptTokens: [Int]?
        let timings: ImageQuestion.Timings
    }
}
