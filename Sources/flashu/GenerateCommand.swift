import ArgumentParser
import Compute
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
            Image i of -n COUNT starts from the noise of seed + i, the same noise that PyTorch's CPU generator makes of it. \
            The PNG's "parameters" text holds all settings, in the form that stable-diffusion-webui uses.

            EXAMPLES
              flashu generate "a photo of two yellow stars" -o stars.png --seed 7
              flashu generate "a photo of a red circle" -n 4 -o circle.png      (circle-1.png ... circle-4.png)
              flashu generate -m ~/models/show-o2-1.5B "a cat on a sofa" --steps 50 --cfg-scale 5
              flashu generate --prompt-ids 64,335,286 --no-decode --save-latents latents.safetensors
            """)

    @Argument(help: "What to draw.")
    var prompt: String?

    @OptionGroup var engine: EngineOptions

    @Option(
        name: [.short, .long], help: "The PNG to write; with several images NAME-1.png, NAME-2.png, ...",
        completion: .file(extensions: ["png"]))
    var output = "out.png"

    @Option(name: [.customShort("n"), .long], help: "Images to draw.")
    var count = 1

    @Option(help: "Points of the time grid: T points are T - 1 evaluations. Default: the model's.")
    var steps: Int?

    @Option(help: "Guidance scale; 0 = none. Default: the model's.")
    var cfgScale: Float?

    @Option(help: "Seed of the noise.")
    var seed: UInt64 = 0

    @Option(name: [.customShort("W"), .long], help: "Width in pixels. Default: the model's.")
    var width: Int?

    @Option(name: [.customShort("H"), .long], help: "Height in pixels. Default: the model's.")
    var height: Int?

    @Option(help: "Shift of the time grid towards noise. Default: the model's (3.0).")
    var timeShift: Float?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    @Option(help: "Token ids instead of PROMPT, as 1,2,3; repeat for a batch.")
    var promptIds: [TokenIDs] = []

    @Option(
        help: "Start from the tensor \"noise\" [n, 16, h, w] of a safetensors file.",
        completion: .file(extensions: ["safetensors"]))
    var initNoise: String?

    @Option(
        help: "Write the final latents [n, 16, h, w] as tensor \"latents\".",
        completion: .file(extensions: ["safetensors"]))
    var saveLatents: String?

    @Flag(inversion: .prefixedNo, help: "Decode the latents to a PNG; --no-decode needs no VAE.")
    var decode = true

    func validate() throws {
        if prompt == nil, promptIds.isEmpty {
            throw ValidationError("say what to draw: flashu generate \"a photo of a red circle\".")
        }
        if prompt != nil, !promptIds.isEmpty { throw ValidationError("give either PROMPT or --prompt-ids, not both.") }
        guard (1...10_000).contains(count) else {
            throw ValidationError("-n must be between 1 and 10000, not \(count).")
        }
        if let steps, !(2...10_000).contains(steps) {
            throw ValidationError("--steps must be between 2 and 10000, not \(steps): T points are T - 1 evaluations.")
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
        try latentsFile.map(OutputFiles.check)
        let noise = try initNoise.map {
            try openWeights(file: URL(fileURLWithPath: $0)).tensor("noise").toFloat32()
        }

        let model = try await engine.load()
        let request = TextToImage.Request(
            prompts: prompts, steps: steps, guidance: cfgScale, timeShift: timeShift, seed: seed, width: width,
            height: height, noise: noise, decode: decode)
        let progress = ProgressLine("drawing")
        var drawn: [TextToImage.Drawn] = []
        for try await event in TextToImage(model).generate(request) {
            switch event {
            case .step(let step): progress.show(step.done, of: step.total)
            case .image(let image):
                drawn.append(image)
                try image.pixels?.write(
                    to: files[image.index], text: [(GenerationParameters.pngKey, parameters(of: image, model).text)])
                if decode, !json {
                    Terminal.clearProgress()
                    let t = image.timings
                    Terminal.write(
                        "\(files[image.index].relativePath)  seed \(image.seed)  "
                            + String(
                                format: "%d evaluations in %.2f s, VAE %.2f s", t.evaluations,
                                t.denoising / Double(t.batch), t.decoding))
                }
            }
        }
        try Task.checkCancellation()
        Terminal.clearProgress()
        if let latentsFile, let first = drawn.first {
            let all = Tensor(drawn.flatMap { $0.latents.floats() }, shape: [drawn.count] + first.latents.shape)
            try SafetensorsWriter.write([("latents", all)], to: latentsFile)
        }
        if json { try Terminal.write(report(drawn, files, latentsFile)) }
    }

    private func parameters(of image: TextToImage.Drawn, _ model: UnifiedModel) -> GenerationParameters {
        let ids = promptIds.isEmpty ? nil : promptIds[image.index / count].ids
        let text = ids.map { (try? model.tokenizer())?.decode($0, skippingSpecial: false) ?? "" } ?? prompt ?? ""
        var extra: [GenerationParameters.Extra] = []
        if let ids { extra.append(.init(key: "Prompt ids", value: ids.map(String.init).joined(separator: ","))) }
        if let initNoise { extra.append(.init(key: "Init noise", value: initNoise)) }
        return GenerationParameters(
            prompt: text, steps: image.settings.steps, sampler: "Euler",
            cfgScale: Double("\(image.settings.guidance)") ?? 0,
            seed: image.seed, width: image.settings.width, height: image.settings.height, model: model.geometry.name,
            timeShift: Double("\(image.settings.timeShift)"), precision: engine.precision.rawValue,
            version: "FlashU \(FlashUVersion.current)", extra: extra)
    }

    private struct Report: Encodable {
        struct Image: Encodable {
            let file: String?
            let seed: UInt64
            let width: Int
            let height: Int
            let timings: TextToImage.Timings
        }
        let steps: Int
        let cfgScale: Float
        let timeShift: Float
        let latents: String?
        let images: [Image]
    }

    private func report(_ drawn: [TextToImage.Drawn], _ files: [URL], _ latents: URL?) throws -> String {
        let settings = drawn.first?.settings
        return try JSONOutput.string(
            Report(
                steps: settings?.steps ?? 0, cfgScale: settings?.guidance ?? 0, timeShift: settings?.timeShift ?? 0,
                latents: latents?.path,
                images: drawn.map {
                    .init(
                        file: decode ? files[$0.index].path : nil, seed: $0.seed, width: $0.settings.width,
                        height: $0.settings.height, timings: $0.timings)
                }))
    }
}
