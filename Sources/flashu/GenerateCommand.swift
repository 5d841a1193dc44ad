import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Tokenizers
import Videos

/// `flashu generate`
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Draw images from a prompt.",
        discussion: """
            --steps T is the official num_inference_steps: T points of the time grid, which are T - 1 evaluations of the network. \
            Image i of -n COUNT (i = 0, 1, ...) starts from the noise of seed + i, the same noise that PyTorch's CPU generator \
            makes of it. The image's "parameters" text holds all settings, in the form that stable-diffusion-webui uses; --like IMAGE \
            draws it again. What is not given comes from the model's geometry.json (the shapes model: 30 steps, guidance 3.5, shift 3.0, \
            128 x 128), else from the official demo: 50 steps, guidance 5.0, shift 3.0. An empty PROMPT draws without \
            a condition.

            --prompts FILE draws each line, a prompt as it is or a JSON object with "prompt" and any of "negative_prompt", "seed", \
            "width", "height", "steps", "cfg_scale", "n" and "file" (a name in the output's folder).

            --frames N draws a video of 1 + 4k frames, which is experimental: no weights for it are released, and models trained on images know no \
            motion. It is written as -o NAME.mp4, .webm or .gif, by ffmpeg, or as images NAME-1.png, NAME-2.png, ...; --first-frame says what it \
            begins with. With --pieces, --frames is how many frames are read of each video in the list.

            EXAMPLES
              flashu generate "a photo of two yellow stars" -o stars.png --seed 7
              flashu generate "a red circle" -n 4 -o red.png     # red-1.png ... red-4.png
              flashu generate "a red circle" -o red.jpg --quality 90 --seed random
              flashu generate --like stars.png -o larger.png -W 256
              flashu generate -m ~/models/show-o2-1.5B "a cat" --steps 50 --cfg-scale 5 --negative-prompt "blurry"
              flashu generate --prompts prompts.txt -o all/x.png
              flashu generate "a red circle" --accelerate paper --set headCache.order=1 --trace steps.json
              flashu generate "a red circle" --frames 9 --first-frame circle.png -o circle.mp4
              flashu generate --prompt-ids 64,335 --no-decode --save-latents l.safetensors
            """)

    @Argument(help: "What to draw.")
    var prompt: String?

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            "The image to write, as .png, .jpg or .webp; with several images NAME-1.png, NAME-2.png, ...; - = standard output. (default: out.png, of a video out.mp4)",
            valueName: "file"),
        completion: .file(extensions: ["png", "jpg", "webp", "mp4", "webm", "gif"]))
    var outputGiven: String?

    /// What is written.
    var output: String { outputGiven ?? (drawnFrames == nil ? "out.png" : "out.mp4") }

    @Option(help: "Quality of .jpg and .webp, 1 to 100. (default: 95 and 90)")
    var quality: Int?

    @Option(name: [.customShort("n"), .long], help: "Images to draw of each prompt.")
    var count = 1

    @Option(
        help: ArgumentHelp(
            "Points of the time grid, 2 to 1000: T points are T - 1 evaluations. (default: the model's)", valueName: "t"
        ))
    var steps: Int?

    @Option(help: "Guidance scale; 0 = none, in half the time. (default: the model's)")
    var cfgScale: Float?

    @Option(
        help: ArgumentHelp("What to guide away from, instead of the empty prompt; needs guidance.", valueName: "text"))
    var negativePrompt: String?

    @Option(
        parsing: .unconditional,
        help:
            "Seed of the noise, or random (or -1); PyTorch's generator looks at its lower 32 bits. (default: 0)")
    var seed: Seed?

    @Option(
        name: [.customShort("W"), .long], help: "Width in pixels; without -H the height too. (default: the model's)")
    var width: Int?

    @Option(
        name: [.customShort("H"), .long], help: "Height in pixels; without -W the width too. (default: the model's)")
    var height: Int?

    @Option(help: "Shift of the time grid towards noise. (default: the model's)")
    var timeShift: Float?

    @Option(
        help:
            "Solver: euler, heun (twice the evaluations), ab2, dpmpp2m or unipc. Short for --set schedule.sampler=... (default: the profile's, else euler)"
    )
    var sampler: Sampler.Kind?

    @Option(
        help: ArgumentHelp("Draw each line of a text or JSON-lines file; - = standard input.", valueName: "file"),
        completion: .file())
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "Take what is not given from the parameters of an image that FlashU drew; - = standard input.",
            valueName: "image"),
        completion: .file(extensions: ["png", "jpg", "webp"]))
    var like: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Write what every evaluation did and took, as a JSON list; - = standard output.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var trace: String?

    @OptionGroup var pictures: ImageOptions
    @OptionGroup var videos: VideoOptions
    @OptionGroup var film: FilmOptions

    @Option(
        help: ArgumentHelp(
            "Draw at the end of exactly what a JSON list says, instead of PROMPT: text, token ids, images, latents (see flashu help ask); - = standard input.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var pieces: String?

    @Option(help: ArgumentHelp("Token ids instead of PROMPT, as 1,2,3; repeat for a batch.", valueName: "ids"))
    var promptIds: [TokenIDs] = []

    @Option(
        help: ArgumentHelp(
            "Start from the tensor \"noise\" [n, 16, h, w] of a safetensors file instead of the seed's noise; - = standard input.",
            valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var initNoise: String?

    @Option(
        help: ArgumentHelp(
            "Write the final latents [n, 16, h, w] as tensor \"latents\" of a safetensors file; - = standard output.",
            valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var saveLatents: String?

    @Flag(
        name: .customLong("no-decode"),
        help: "Write no image, only the latents of --save-latents; needs no VAE (and with --prompt-ids no tokenizer).")
    var skipsDecoding = false

    var decode: Bool { !skipsDecoding }

    /// Frames of the video that is drawn; nil = images are.
    var drawnFrames: Int? { pieces == nil ? videos.frames : nil }

    func validate() throws {
        let sources = [
            ("PROMPT", prompt != nil), ("--prompt-ids", !promptIds.isEmpty), ("--prompts", prompts != nil),
            ("--pieces", pieces != nil),
        ].filter(\.1).map(\.0)
        if sources.isEmpty, like == nil {
            throw ValidationError("say what to draw: flashu generate \"a photo of a red circle\".")
        }
        if sources.count > 1 { throw ValidationError("give either \(sources[0]) or \(sources[1]), not both.") }
        if pieces != nil, like != nil { throw ValidationError("--pieces goes without --like.") }
        if prompts != nil, like != nil || initNoise != nil {
            throw ValidationError("--prompts goes with neither --like nor --init-noise.")
        }
        try Bounds.check(count: count)
        try Bounds.check(steps: steps)
        try Bounds.check(cfgScale: cfgScale)
        try Bounds.check(side: width, "--width")
        try Bounds.check(side: height, "--height")
        try Bounds.check(timeShift: timeShift)
        if let quality, !(1...100).contains(quality) {
            throw ValidationError("--quality must be between 1 and 100, not \(quality).")
        }
        try validateFilm()
        if !decode, saveLatents == nil {
            throw ValidationError("--no-decode leaves nothing to write; add --save-latents FILE.")
        }
    }

    func run() async throws {
        if let drawnFrames { return try await drawFilms(of: drawnFrames) }
        // Everything that can be wrong with what was asked for comes before the weights, which take the longest.
        var plan = FilePlan()
        let like = try (plan.reads(self.like, "--like") as InputFile?).map { try Likeness($0) }
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(
            &plan, of: folder, base: like?.profile ?? .off, sampler: sampler, for: .generation)
        var sequence: [PromptPiece]?
        if let pieces {
            sequence = try await PieceList(plan.reads(pieces, "--pieces")).pieces(
                &plan, pictures, videos, for: folder.geometry)
        }
        let tasks = try tasks(like, sequence, &plan)
        let latentsFile: OutputFile? = plan.writes(saveLatents, "--save-latents")
        let traceFile: OutputFile? = plan.writes(trace, "--trace")
        let noise = try (plan.reads(initNoise, "--init-noise") as InputFile?).map {
            try $0.tensors().tensor("noise").toFloat32()
        }
        try plan.check(prints: json ? "--json" : nil)
        let requests = tasks.map { $0.request(profile, noise: noise, decode: decode) }
        let grids = try zip(tasks, requests).map { task, request in
            do {
                return try folder.check(request)
            } catch let error where task.line != nil {
                throw CommandError("\(task.line ?? ""): \(error)")
            }
        }
        if latentsFile != nil, Set(grids).count > 1 {
            throw CommandError("--save-latents keeps images of one size, and these differ")
        }
        let precision =
            try engine.namedPrecision ?? acceleration.precision(of: folder, for: .generation) ?? like?.precision
            ?? .bf16
        let provenance = decode ? try Provenance(folder, profile: profile, precision: precision) : nil
        let noises = noise?.floats()
        tellSizes(grids, folder.geometry)
        if let like, let difference = provenance?.difference(from: like.parameters, noise: noises) {
            Terminal.hint(difference)
        }

        let model = try await engine.load(folder, for: .generation, precision: precision)
        let reports = !json && !plan.usesStandardOutput
        var done = Report(latents: latentsFile?.shown)
        var latents: [Tensor] = []
        var traces: [StepTrace] = []
        for (number, (task, request)) in zip(tasks, requests).enumerated() {
            let progress = ProgressLine(tasks.count > 1 ? "drawing \(number + 1) of \(tasks.count)" : "drawing")
            for try await event in TextToImage(model).generate(request) {
                switch event {
                case .step(let step):
                    progress.show(step.done, of: step.total)
                    if traceFile != nil { traces.append(step.trace) }
                case .image(let image):
                    let file = decode ? task.files[image.index] : nil
                    let told = text(task.prompts[image.index / task.copies], folder)
                    done.add(image, file: file?.file, prompt: told.prompt)
                    if latentsFile != nil { latents.append(image.latents) }
                    if let pixels = image.pixels, let file, let provenance {
                        let own = noises.map {
                            Array($0[image.index * image.latents.count..<(image.index + 1) * image.latents.count])
                        }
                        let parameters = provenance.parameters(
                            of: image, prompt: told.prompt, ids: told.ids, negativePrompt: task.negativePrompt,
                            noise: own,
                            pieces: told.pieces)
                        try file.write(pixels, text: [(GenerationParameters.pngKey, parameters.text)])
                    }
                    if let file, reports {
                        Terminal.clearProgress()
                        let t = image.timings
                        try Terminal.write(
                            "\(file.file.name)  seed \(image.seed)  "
                                + String(
                                    format: "%d evaluations in %.2f s, VAE %.2f s", t.evaluations,
                                    t.denoising / Double(t.batch), t.decoding))
                    }
                }
            }
            try Task.checkCancellation()
        }
        Terminal.clearProgress()
        if let latentsFile, let first = latents.first {
            let all = Tensor(latents.flatMap { $0.floats() }, shape: [latents.count] + first.shape)
            try latentsFile.write([("latents", all)])
        }
        if let traceFile { try traceFile.write(line: JSONOutput.string(traces)) }
        if json { try Terminal.write(JSONOutput.string(done)) }
        if !reports, !json, seed?.isRandom == true, let seed { Terminal.hint("the seed is \(seed)") }
    }

    /// What is to be drawn: one task, or one for each line of `--prompts`.
    private func tasks(_ like: Likeness?, _ sequence: [PromptPiece]?, _ plan: inout FilePlan) throws -> [DrawingTask] {
        let told = like?.parameters
        let base = DrawingTask(
            prompts: [], negativePrompt: (negativePrompt ?? told?.negativePrompt).flatMap { $0.isEmpty ? nil : $0 },
            steps: steps ?? told?.steps, cfgScale: cfgScale ?? told.map { Float($0.cfgScale) },
            timeShift: timeShift ?? told?.timeShift.map { Float($0) }, seed: seed?.value ?? told?.seed ?? 0,
            width: width ?? (height == nil ? told?.width : nil), height: height ?? (width == nil ? told?.height : nil))
        guard let prompts else {
            var task = base
            let drawn: [TextToImage.Request.Prompt] =
                if let prompt {
                    [.text(prompt)]
                } else if let sequence {
                    [.pieces(sequence)]
                } else if promptIds.isEmpty, let told {
                    [like?.promptIDs.map { .ids($0) } ?? .text(told.prompt)]
                } else {
                    promptIds.map { .ids($0.ids) }
                }
            (task.prompts, task.copies) = (drawn, count)
            task.files = try files(PathName.numbered(output, count: drawn.count * count), "--output", &plan)
            return [task]
        }
        let list = try PromptList(plan.reads(prompts, "--prompts") as InputFile)
        let counts = list.entries.map { $0.count ?? count }
        let all = counts.reduce(0, +)
        guard all <= 100_000 else { throw CommandError("--prompts asks for \(all) images; the limit is 100000") }
        let names = PathName.numbered(output, count: all)
        var drawn = 0
        return try zip(list.entries, counts).map { entry, count in
            var task = base
            task.line = entry.place
            (task.prompts, task.copies) = ([.text(entry.prompt)], count)
            task.negativePrompt = entry.negativePrompt.map { $0.isEmpty ? nil : $0 } ?? base.negativePrompt
            task.steps = entry.steps ?? base.steps
            task.cfgScale = entry.cfgScale ?? base.cfgScale
            task.seed = entry.seed?.value ?? base.seed &+ UInt64(drawn)
            // A line's own side alone makes a square, as an option alone does.
            let hasSize = entry.width != nil || entry.height != nil
            task.width = hasSize ? entry.width : base.width
            task.height = hasSize ? entry.height : base.height
            let own = try entry.file.map {
                PathName.numbered(try PromptList.path(entry, file: $0, output: output), count: count)
            }
            let role = own == nil ? "--output" : entry.place
            task.files = try files(own ?? Array(names[drawn..<drawn + count]), role, &plan)
            drawn += count
            return task
        }
    }

    private func files(_ names: [String], _ role: String, _ plan: inout FilePlan) throws -> [ImageOutput] {
        guard decode else { return [] }
        if OutputFile.isStandard(output), names != [output], role == "--output" {
            throw CommandError("standard output takes one image; name a file with --output for several")
        }
        if let film = names.first(where: { VideoFormat(ending: PathName.ending($0)) != nil }) {
            throw CommandError(
                "\(role) \(film): images are written as \(ImageFileFormat.endings); add --frames N for a video")
        }
        return try names.map { try ImageOutput(plan.writes($0, role), quality: quality) }
    }

    /// A prompt as text, its ids if it was given as such, and the kinds of its pieces if it has some.
    func text(
        _ prompt: TextToImage.Request.Prompt, _ folder: ModelFolder
    ) -> (prompt: String, ids: [Int]?, pieces: String?) {
        switch prompt {
        case .text(let text): return (text, nil, nil)
        case .ids(let ids):
            let tokenizer = folder.hasTokenizer ? try? folder.tokenizer() : nil
            return (tokenizer?.decode(ids, skippingSpecial: false) ?? "", ids, nil)
        case .pieces(let pieces):
            let words = pieces.compactMap { if case .text(let text, _) = $0 { text } else { nil } }
            return (words.joined(separator: " "), nil, pieces.map(\.kind).joined(separator: " "))
        }
    }

    /// Tells of sizes that the model was not trained on, once each.
    func tellSizes(_ grids: [TokenGrid], _ geometry: ShowO2Geometry) {
        let unit = geometry.pixelsPerToken
        func shown(_ grid: TokenGrid) -> String { "\(grid.width * unit) x \(grid.height * unit)" }
        let trained = ([geometry.grid] + geometry.otherTrainedGrids).map(shown).joined(separator: " and ")
        var told: Set<TokenGrid> = []
        for grid in grids where !geometry.isTrained(grid) && told.insert(grid).inserted {
            Terminal.hint("\(geometry.name) was trained to draw \(trained); \(shown(grid)) may come out worse")
        }
    }

    /// What `--json` prints.
    private struct Report: Encodable {
        var steps = 0
        var cfgScale: Float = 0
        var timeShift: Float = 0
        let latents: String?
        var images: [DrawnReport] = []

        init(latents: String?) { self.latents = latents }

        mutating func add(_ image: TextToImage.Drawn, file: OutputFile?, prompt: String) {
            (steps, cfgScale, timeShift) = (image.settings.steps, image.settings.guidance, image.settings.timeShift)
            images.append(DrawnReport(image, file: file?.shown, prompt: prompt))
        }
    }
}
