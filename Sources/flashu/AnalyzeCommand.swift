import ArgumentParser
import Evaluation
import FlashU
import Foundation
import Pipelines
import ShowO2

/// `flashu analyze`
struct AnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Show which neurons, layers and visual tokens matter for which task, as a page with plots.",
        discussion: """
            Repeats the paper's analysis on a model: per layer the share of neurons critical for both tasks, one or none, their score \
            distributions, how much each layer changes its input over the denoising steps and in understanding, and the value norm of \
            visual tokens against the attention they receive. The page needs nothing else and opens in any browser. Neurons' scores \
            come from the model's \(Calibration.fileName); the rest is measured on the same samples as flashu calibrate, which takes \
            about as long: fewer --samples are enough for a first look.

            EXAMPLES
              flashu analyze -o report.html --json report.json
              flashu analyze -m ~/models/show-o2-1.5B --samples 4 --layer 2
              flashu analyze --critical 0.1 --json - | jq .tokens.layers
            """)

    @OptionGroup var engine: EngineOptions
    @OptionGroup var samples: SampleOptions

    @Option(
        help: ArgumentHelp(
            "The neurons' scores. (default: \(Calibration.fileName) in the model's folder)", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var calibration: String?

    @Option(
        help: ArgumentHelp(
            "Share of a layer's neurons that counts as critical for a task, above 0 and below 1.", valueName: "share"))
    var critical = 0.2

    @Option(
        help: ArgumentHelp(
            "The layer whose visual tokens are plotted, from 0. (default: 2, the paper's)", valueName: "l"))
    var layer: Int?

    @Option(help: "Seed of the first prompt's noise; the next one's is the next.")
    var seed: UInt64 = 0

    @Option(
        name: [.short, .long], help: ArgumentHelp("The page to write.", valueName: "html"),
        completion: .file(extensions: ["html"]))
    var output = "analysis.html"

    @Option(
        help: ArgumentHelp("Write the numbers as one JSON object, too; - = to standard output.", valueName: "json"),
        completion: .file(extensions: ["json"]))
    var json: String?

    func validate() throws {
        guard critical > 0, critical < 1 else {
            throw ValidationError("--critical must be above 0 and below 1, not \(critical).")
        }
        if let layer, layer < 0 { throw ValidationError("--layer must be 0 or more, not \(layer).") }
    }

    func run() async throws {
        let folder = try ModelLocation.resolve(engine.model)
        let page = OutputFiles.names(output, count: 1)[0]
        let numbers = json.flatMap { $0 == "-" ? nil : OutputFiles.names($0, count: 1)[0] }
        for file in [page, numbers].compactMap(\.self) { try OutputFiles.check(file) }
        guard page.standardizedFileURL != numbers?.standardizedFileURL else {
            throw CommandError("--output and --json both name \(page.path)")
        }
        let scores = try scores(folder)
        let prompts = try samples.prompts(model: folder)
        let (questions, images) = try samples.questions(model: folder)

        let model = try await engine.load(calibrated: false)
        let calibration = try Calibration(
            file: scores, layers: model.geometry.llm.layers, neurons: model.geometry.llm.intermediate)
        let progress = ProgressLine("analyzing")
        let analysis = try await ModelAnalyzer(model).run(
            .init(
                prompts: prompts, questions: questions, folder: images, critical: critical, layer: layer, seed: seed),
            calibration: calibration
        ) { progress.show($0, of: $1) }
        Terminal.clearProgress()

        let object = try JSONOutput.string(analysis)
        try Interruption.whileWriting {
            try OutputFiles.write(AnalysisPage(analysis).html, to: page)
            if let numbers { try OutputFiles.write(object + "\n", to: numbers) }
        }
        if json == "-" {
            try Terminal.write(object)
        } else {
            try Terminal.write((AnalysisFindings(analysis).sentences + [page.path]).joined(separator: "\n"))
        }
    }

    /// The calibration file, which must be there.
    private func scores(_ folder: URL) throws(CommandError) -> URL {
        let named = calibration.map { URL(userPath: $0) }
        let file = named ?? folder.appendingPathComponent(Calibration.fileName)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw CommandError(
                named == nil
                    ? "\(folder.path) has no \(Calibration.fileName); make it with flashu calibrate -m \(folder.path)"
                    : "\(file.path) does not exist; --calibration names a file that flashu calibrate wrote")
        }
        return file
    }
}
