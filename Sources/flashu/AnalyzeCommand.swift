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

    @Option(
        parsing: .unconditional,
        help: "Seed of the first prompt's noise, or random (or -1); the next one's is the next.")
    var seed = Seed(0)

    @Option(
        name: [.short, .long], help: ArgumentHelp("The page to write; - = standard output.", valueName: "html"),
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
        var plan = FilePlan()
        let page: OutputFile = plan.writes(output, "--output")
        let numbers: OutputFile? = plan.writes(json, "--json")
        let folder = try engine.open(&plan)
        let scores = try scores(folder.url, &plan)
        let prompts = try samples.prompts(model: folder.url, &plan)
        let (questions, images) = try samples.questions(model: folder.url, &plan)
        try plan.check()
        try folder.check(samples: questions)

        let model = try await engine.load(folder, calibrated: false)
        let calibration = try Calibration(
            file: scores, layers: model.geometry.llm.layers, neurons: model.geometry.llm.intermediate)
        let progress = ProgressLine("analyzing")
        let analysis = try await ModelAnalyzer(model).run(
            .init(
                prompts: prompts, questions: questions, folder: images, critical: critical, layer: layer,
                seed: seed.value),
            calibration: calibration
        ) { progress.show($0, of: $1) }
        Terminal.clearProgress()

        try page.write(Data(AnalysisPage(analysis).html.utf8))
        try numbers?.write(line: JSONOutput.string(analysis))
        seed.tellIfRandom()
        if !plan.usesStandardOutput {
            try Terminal.write((AnalysisFindings(analysis).sentences + [page.shown]).joined(separator: "\n"))
        }
    }

    /// The calibration file, which must be there.
    private func scores(_ folder: URL, _ plan: inout FilePlan) throws(CommandError) -> URL {
        if calibration == "-" { throw CommandError("--calibration is mapped into memory; name a file, not -") }
        let file: InputFile = try plan.reads(
            calibration ?? folder.appendingPathComponent(Calibration.fileName).path, "--calibration")
        guard let url = file.url, FileManager.default.fileExists(atPath: url.path) else {
            throw CommandError(
                calibration == nil
                    ? "\(folder.path) has no \(Calibration.fileName); make it with flashu calibrate -m \(folder.path)"
                    : "\(file.shown) does not exist; --calibration names a file that flashu calibrate wrote")
        }
        return url
    }
}
