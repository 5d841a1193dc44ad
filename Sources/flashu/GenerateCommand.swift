import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Tokenizers

/// `flashu generate`
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Draw images from a prompt.",
        discussion: """
            --steps T is the official num_inference_steps: T points of the time grid, which are T - 1 evaluations of the network. \
            Image i of -n COUNT (i = 0, 1, ...) starts from the noise of seed + i, the same noise that PyTorch's CPU generator \
            makes of it. The PNG's "parameters" text holds all settings, in the form that stable-diffusion-webui uses. \
            What is not given comes from the model's geometry.json (the shapes model: 30 steps, guidance 3.5, shift 3.0, \
            128 x 128), else from the official demo: 50 steps, guidance 5.0, shift 3.0. An empty PROMPT draws without \
            a condition.

            EXAMPLES
              flashu generate "a photo of two yellow stars" -o stars.png --seed 7
              flashu generate "a red circle" -n 4 -o red.png     # red-1.png ... red-4.png
              flashu generate -m ~/models/show-o2-1.5B "a cat" --steps 50 --cfg-scale 5
              flashu generate "a red circle" --accelerate paper --set headCache.order=1 --trace steps.json
              flashu generate --prompt-ids 64,335 --no-decode --save-latents l.safetensors
            """)

    @Argument(help: "What to draw.")
    var prompt: String?

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The PNG to write; with several images NAME-1.png, NAME-2.png, ...", valueName: "file"),
        completion: .file(extensions: ["png"]))
    var output = "out.png"

    @Option(name: [.customShort("n"), .long], help: "Images to draw of each prompt.")
    var count = 1

    @Option(
        help: ArgumentHelp(
            "Points of the time grid, 2 to 1000: T points are T - 1 evaluations. (default: the model's)", valueName: "t"
        ))
    var steps: Int?

    @Option(help: "Guidance scale; 0 = none, in half the time. (default: the model's)")
    var cfgScale: Float?

    @Option(help: "Seed of the noise; PyTorch's generator looks at its lower 32 bits.")
    var seed: UInt64 = 0

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

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    @Option(
        help: ArgumentHelp("Write what every evaluation did and took, as a JSON list.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var trace: String?

    @Option(help: ArgumentHelp("Token ids instead of PROMPT, as 1,2,3; repeat for a batch.", valueName: "ids"))
    var promptIds: [TokenIDs] = []

    @Option(
        help: ArgumentHelp(
            "Start from the tensor \"noise\" [n, 16, h, w] of a safetensors file instead of the seed's noise.",
            valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var initNoise: String?

    @Option(
        help: ArgumentHelp(
            "Write the final latents [n, 16, h, w] as tensor \"latents\" of a safetensors file.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var saveLatents: String?

    @Flag(
        name: .customLong("no-decode"),
        help: "Write no PNG, only the latents of --save-latents; needs no VAE (and with --prompt-ids no tokenizer).")
    var skipsDecoding = false

    private var decode: Bool { !skipsDecoding }

    func validate() throws {
        if prompt == nil, promptIds.isEmpty {
            throw ValidationError("say what to draw: flashu generate \"a photo of a red circle\".")
        }
        if prompt != nil, !promptIds.isEmpty { throw ValidationError("give either PROMPT or --prompt-ids, not both.") }
        guard (1...10_000).contains(count) else {
            throw ValidationError("-n must be between 1 and 10000, not \(count).")
        }
        // The time embeddings of all steps are kept: the limit bounds memory.
        if let steps, !(2...1000).contains(steps) {
            throw ValidationError("--steps must be between 2 and 1000, not \(steps): T points are T - 1 evaluations.")
        }
        if let cfgScale, !(cfgScale >= 0 && cfgScale.isFinite) {
            throw ValidationError("--cfg-scale must be 0 (no guidance) or more, not \(cfgScale).")
        }
        for (option, value) in [("--width", width), ("--height", height)] {
            if let value, !(1...16_384).contains(value) {
                throw ValidationError("\(option) must be between 1 and 16384, not \(value).")
            }
        }
        if let timeShift, !(timeShift > 0 && timeShift.isFinite) {
            throw ValidationError("--time-shift must be above 0.")
        }
        if !decode, saveLatents == nil {
            throw ValidationError("--no-decode leaves nothing to write; add --save-latents FILE.")
        }
    }

    func run() async throws {
        let prompts: [TextToImage.Request.Prompt] =
            promptIds.isEmpty
            ? Array(repeating: .text(prompt ?? ""), count: count)
            : promptIds.flatMap { Array(repeating: .ids($0.ids), count: count) }
        let files = OutputFiles.names(output, count: prompts.count)
        if decode { try files.forEach(OutputFiles.check) }
        let latentsFile = saveLatents.map { OutputFiles.names($0, count: 1)[0] }
        if let latentsFile { try OutputFiles.check(latentsFile) }
        if decode, let latentsFile, files.contains(latentsFile) {
            throw CommandError("--output and --save-latents both name \(latentsFile.path)")
        }
        let traceFile = trace.map { OutputFiles.names($0, count: 1)[0] }
        if let traceFile {
            try OutputFiles.check(traceFile)
            if decode && files.contains(traceFile) || traceFile == latentsFile {
                throw CommandError("--trace and another option both name \(traceFile.path)")
            }
        }
        let profile = try acceleration.profile(sampler: sampler)
        let noise = try initNoise.map {
            try openWeights(file: URL(fileURLWithPath: $0)).tensor("noise").toFloat32()
        }

        let model = try await engine.load(for: .generation)
        let request = TextToImage.Request(
            prompts: prompts, steps: steps, guidance: cfgScale, timeShift: timeShift, seed: seed, width: width,
            height: height, noise: noise, decode: decode, profile: profile)
        let progress = ProgressLine("drawing")
        var done = Report(latents: latentsFile?.path)
        var latents: [Tensor] = []
        var traces: [StepTrace] = []
        for try await event in TextToImage(model).generate(request) {
            switch event {
            case .step(let step):
                progress.show(step.done, of: step.total)
                if traceFile != nil { traces.append(step.trace) }
            case .image(let image):
                done.add(image, file: decode ? files[image.index].path : nil)
                if latentsFile != nil { latents.append(image.latents) }
                if let pixels = image.pixels {
                    let text = [(GenerationParameters.pngKey, parameters(of: image, model, profile).text)]
                    try Interruption.whileWriting { try pixels.write(to: files[image.index], text: text) }
                }
                if decode, !json {
                    Terminal.clearProgress()
                    let t = image.timings
                    try Terminal.write(
                        "\(files[image.index].relativePath)  seed \(image.seed)  "
                            + String(
                                format: "%d evaluations in %.2f s, VAE %.2f s", t.evaluations,
                                t.denoising / Double(t.batch), t.decoding))
                }
            }
        }
        try Task.checkCancellation()
        Terminal.clearProgress()
        if let latentsFile, let first = latents.first {
            let all = Tensor(latents.flatMap { $0.floats() }, shape: [latents.count] + first.shape)
            try Interruption.whileWriting { try SafetensorsWriter.write([("latents", all)], to: latentsFile) }
        }
        if let traceFile {
            let text = try JSONOutput.string(traces) + "\n"
            try Interruption.whileWriting { try OutputFiles.write(text, to: traceFile) }
        }
        if json { try Terminal.write(JSONOutput.string(done)) }
    }

    private func parameters(
        of image: TextToImage.Drawn, _ model: UnifiedModel, _ profile: AccelerationProfile
    ) -> GenerationParameters {
        let ids = promptIds.isEmpty ? nil : promptIds[image.index / count].ids
        let text = ids.map { (try? model.tokenizer())?.decode($0, skippingSpecial: false) ?? "" } ?? prompt ?? ""
        var extra: [GenerationParameters.Extra] = []
        if let ids { extra.append(.init(key: "Prompt ids", value: ids.map(String.init).joined(separator: ","))) }
        if let initNoise { extra.append(.init(key: "Init noise", value: initNoise)) }
        if let name = profile.shownName { extra.append(.init(key: "Acceleration", value: name)) }
        return GenerationParameters(
            prompt: text, steps: image.settings.steps, sampler: image.settings.sampler.title,
            cfgScale: Double("\(image.settings.guidance)") ?? 0,
            seed: image.seed, width: image.settings.width, height: image.settings.height, model: model.geometry.name,
            timeShift: Double("\(image.settings.timeShift)"), precision: engine.precision.rawValue,
            version: "FlashU \(FlashUVersion.current)", extra: extra)
    }

    /// What `--json` prints.
    private struct Report: Encodable {
        struct Image: Encodable {
            let file: String?
            let seed: UInt64
            let width: Int
            let height: Int
            let timings: TextToImage.Timings
        }
        var steps = 0
        var cfgScale: Float = 0
        var timeShift: Float = 0
        let latents: String?
        var images: [Image] = []

        init(latents: String?) { self.latents = latents }

        mutating func add(_ image: TextToImage.Drawn, file: String?) {
            (steps, cfgScale, timeShift) = (image.settings.steps, image.settings.guidance, image.settings.timeShift)
            images.append(
                Image(
                    file: file, seed: image.seed, width: image.settings.width, height: image.settings.height,
                    timings: image.timings))
        }
    }
}
