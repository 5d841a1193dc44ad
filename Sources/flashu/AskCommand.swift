import ArgumentParser
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Videos

/// `flashu ask`
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Ask questions about an image or a video.",
        usage: "flashu ask <image or video> ... <question> ... [<options>]",
        discussion: """
            The image (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC) is resized so that its short side fits the model, and its centre is \
            cut out (--fit). It is read once; every question starts from its stored keys and values. Several images before the questions \
            are read together, in their order. Of a video (MP4, MOV, MKV, WebM, AVI, or a GIF with --frames) 32 frames are read, evenly from \
            the first to the last, with black bars; ffmpeg must be installed. Answers are greedy, always the likeliest token, unless --temperature is given.

            EXAMPLES
              flashu ask photo.jpg "What is in this picture?"
              flashu ask before.jpg after.jpg -q "What has changed?"
              flashu ask film.mp4 "What happens?" --frames 16
              curl -s https://example.org/photo.jpg | flashu ask - "What is this?"
              flashu ask stars.png "how many stars are there?" "what color are they?"
              flashu ask stars.png "how many stars are there?" --json
              flashu ask stars.png "what color are the stars?" --set tokens.dropRatio=0.5 --overlay kept.png
            """)

    @Argument(
        help: ArgumentHelp(
            "IMAGE... and QUESTION...; with --image-latents only QUESTION..., with -q only IMAGE..., with --question-ids too (- = standard input).",
            valueName: "images-and-questions"),
        completion: .file(extensions: ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic"]))
    var words: [String] = []

    @Option(
        name: [.customShort("q"), .customLong("question")],
        help: ArgumentHelp("A question; all words are images then. Repeat for several.", valueName: "question"))
    var asked: [String] = []

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions
    @OptionGroup var pictures: ImageOptions
    @OptionGroup var videos: VideoOptions

    @Option(
        help: ArgumentHelp(
            "Continue exactly what a JSON list says, instead of asking: [{\"text\": T}, {\"ids\": [1, 2]}, {\"image\": FILE}, {\"video\": FILE}, "
                + "{\"latents\": [FILE, FIRST, COUNT], \"kind\": \"image\" or \"video\", \"time\": 1.0}]; - = standard input.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var pieces: String?

    @Option(
        help:
            "What stands around images and question: chatml (the official inference_mmu.py's) or plain (nothing).")
    var template = Conversation.Template.chatML

    @Option(help: "Tokens of an answer at most, 1 to 30000.")
    var maxTokens = 300

    @Option(help: "Randomness of the answer; 0 = always the likeliest token.")
    var temperature = 0.0

    @Option(help: "With --temperature: choose among the k likeliest tokens. (default: all)")
    var topK: Int?

    @Option(
        help: "With --temperature: choose among the likeliest tokens that have probability p together. (default: all)")
    var topP: Double?

    @Option(
        parsing: .unconditional,
        help: "Seed of random choices, of --temperature and --sample-posterior; or random (or -1).")
    var seed = Seed(0)

    @Flag(
        help:
            "Print one JSON object: answer, tokens and timings (a list of them under \"answers\" for several questions)."
    )
    var json = false

    @Option(
        help: ArgumentHelp(
            "The tensor \"image_latents\" [1, 16, h, w] of a safetensors file instead of IMAGE; - = standard input.",
            valueName: "file"),
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
            "Write the image as the model saw it, the patches of dropped tokens greyed and hatched; needs tokens.dropRatio. - = standard output.",
            valueName: "image"),
        completion: .file(extensions: ["png", "jpg", "webp"]))
    var overlay: String?

    /// The words before the first one that asks something, and the questions. The first word is an image whatever it looks like. Files are looked into.
    private var parted: (images: [String], questions: [String]) {
        if imageLatents != nil { return ([], words + asked) }
        let images = asked.isEmpty ? Array(words.prefix(1) + words.dropFirst().prefix { looksSeen($0) }) : words
        return (images, words.dropFirst(images.count) + asked)
    }

    /// Whether a word names a picture or a video.
    private func looksSeen(_ word: String) -> Bool { videos.isVideo(word) || PictureName.looksLikeOne(word) }

    func validate() throws {
        let (images, questions) = parted
        if pieces != nil {
            guard words.isEmpty, asked.isEmpty, imageLatents == nil, questionIds.isEmpty, prefixIds == nil,
                overlay == nil
            else {
                throw ValidationError(
                    "--pieces says all that is read; it goes with no image, question, ids or --overlay.")
            }
        } else if imageLatents == nil, words.isEmpty {
            throw ValidationError("name an image: flashu ask photo.jpg \"What is this?\".")
        }
        if imageLatents != nil, !asked.isEmpty, let word = words.first {
            throw ValidationError("give either an image, \(word), or --image-latents, not both.")
        }
        if pieces == nil, questions.isEmpty, questionIds.isEmpty {
            throw ValidationError("ask something: flashu ask \(images.first ?? "photo.jpg") \"What is this?\".")
        }
        if !questions.isEmpty, !questionIds.isEmpty {
            throw ValidationError("give either QUESTION or --question-ids, not both.")
        }
        if let late = words.dropFirst(images.count).first(where: { looksSeen($0) }) {
            throw ValidationError(
                "\(late) looks like an image, and images stand before the questions; ask a question like it with -q.")
        }
        if overlay != nil, images.contains(where: { videos.isVideo($0) }) {
            throw ValidationError("--overlay shows an image, not a video.")
        }
        if overlay != nil, images.count > 1 { throw ValidationError("--overlay shows one image, not several.") }
        try Bounds.check(maxTokens: maxTokens)
        try Bounds.check(temperature: temperature, topK: topK, topP: topP)
        if samplePosterior, imageLatents != nil {
            throw ValidationError("--sample-posterior needs an image, not latents.")
        }
        if overlay != nil, imageLatents != nil { throw ValidationError("--overlay needs an image, not latents.") }
    }

    func run() async throws {
        let (images, questions) = parted
        var plan = FilePlan()
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder, for: .understanding)
        let overlayFile = try overlay.map { try TokenOverlayFile($0, profile: profile, &plan) }
        let imageFiles = try images.map { try plan.reads($0, "the image") as InputFile }
        let latents = try (plan.reads(imageLatents, "--image-latents") as InputFile?).map {
            try $0.tensors().tensor("image_latents")
        }
        try plan.check(prints: json ? "--json" : nil)
        let list = try (plan.reads(pieces, "--pieces") as InputFile?).map { try PieceList($0) }
        var sources: [PromptPiece] = latents.map { [.latents($0)] } ?? []
        var shown: RGBImage?
        var frameNumbers: [Int]?
        if let list { sources = try await list.pieces(&plan, pictures, videos, for: folder.geometry) }
        for (word, file) in zip(images, imageFiles) {
            if videos.isVideo(word) {
                let video = try await videos.read(file, for: folder.geometry)
                frameNumbers = frameNumbers ?? video.numbers
                sources.append(.video(video))
            } else {
                let picture = try pictures.read(file, for: folder.geometry)
                shown = shown ?? picture.image
                sources.append(picture.source)
            }
        }
        var request = ImageQuestion.Request(
            sources: sources,
            questions: list != nil
                ? [.continuation]
                : questionIds.isEmpty ? questions.map { .text($0) } : questionIds.map { .ids($0.ids) },
            prefix: list != nil ? [] : prefixIds?.ids, maxTokens: maxTokens,
            sampling: SamplingOptions(temperature: temperature, topK: topK, topP: topP, seed: seed.value),
            posteriorSeed: samplePosterior ? seed.value : nil, profile: profile)
        request.videoMask = videos.videoMask
        request.template = template
        request.endsAtImage = list?.endsAtImage ?? false
        try folder.check(request)

        let model = try await engine.load(
            folder, for: .understanding,
            precision: engine.namedPrecision ?? acceleration.precision(of: folder, for: .understanding))
        let prints = !json && !plan.usesStandardOutput
        let count = request.questions.count
        var answers: [ImageQuestion.Answer] = []
        var keptTokens: [[Int]] = []
        var begun = -1
        /// Names the question, where there are several, ahead of its answer.
        func begin(_ index: Int) throws {
            guard index != begun else { return }
            begun = index
            if questions.count > 1 { try Terminal.write("\(questions[index])\n  ", terminator: "") }
        }
        let reading = ProgressLine(frameNumbers == nil ? "reading the images" : "reading the frames")
        Terminal.progress(
            frameNumbers != nil ? "reading the frames" : sources.count > 1 ? "reading the images" : "reading the image")
        for try await event in ImageQuestion(model).ask(request) {
            switch event {
            case .encoded(let done, let total):
                if total > 1 { reading.show(done, of: total) }
            case .imageRead(let kept):
                keptTokens = kept
                Terminal.clearProgress()
            case .text(let index, let piece):
                guard prints else { continue }
                try begin(index)
                try Terminal.write(ModelText.shown(piece), terminator: "")
            case .answer(let answer):
                answers.append(answer)
                guard prints else { continue }
                try begin(answer.index)
                // Without a tokenizer there is no text, only ids. With one, an empty answer is an empty line.
                if !folder.hasTokenizer {
                    try Terminal.write(
                        "tokens " + answer.tokens.map(String.init).joined(separator: ","), terminator: "")
                }
                try Terminal.write("")
                if !answer.finished {
                    let which = count > 1 ? "the answer to question \(answer.index + 1)" : "the answer"
                    Terminal.hint("\(which) was cut at --max-tokens \(maxTokens)")
                }
            }
        }
        try Task.checkCancellation()
        if let overlayFile, let image = shown {
            let scale = profile.reading.scale
            try overlayFile.write(
                ImageQuestion(model).fitted(image, scale: scale), grid: model.geometry.reading(at: scale).grid,
                kept: keptTokens.first ?? [])
        }
        if temperature > 0 || samplePosterior, !json { seed.tellIfRandom() }
        if json {
            let grids = ReadGrids(profile, model.geometry)
            let reports = answers.map {
                Report(
                    question: $0.index < questions.count ? questions[$0.index] : nil, answer: $0.text,
                    tokens: $0.tokens, finished: $0.finished,
                    keptTokens: keptTokens.count == 1 ? keptTokens[0] : nil,
                    keptTokensOfEach: keptTokens.count > 1 ? keptTokens : nil, grid: grids.picture,
                    frames: frameNumbers, frameGrid: frameNumbers == nil ? nil : grids.frame,
                    seed: temperature > 0 || samplePosterior ? seed.value : nil, timings: $0.timings)
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
        /// Places of the image tokens that stayed; left out when none were dropped, and for several images.
        let keptTokens: [Int]?
        /// The same of each image and each frame, where there are several.
        let keptTokensOfEach: [[Int]]?
        /// What pictures are read as.
        let grid: ReadGrids.Grid
        /// Places in the first video of the frames that were read; left out without one.
        let frames: [Int]?
        /// What they are read as, each; left out without.
        let frameGrid: ReadGrids.Grid?
        /// Of random choices; left out when there were none.
        let seed: UInt64?
        let timings: ImageQuestion.Timings
    }
}
