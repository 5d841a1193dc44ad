import ArgumentParser
import Evaluation
import FlashU
import Foundation
import Pipelines
import ShowO2

/// `flashu eval`
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Measure how well a model draws and answers: ShapesBench.",
        discussion: """
            generation draws 300 held-out prompts and checks which objects of which shape, colour, number and place the images hold. \
            understanding asks 1018 held-out questions about images and compares the answers. Both tell the share that is right, with 95 % \
            intervals (Wilson), the seconds and the floating-point operations, in all and by task. Image i starts from the noise of \
            seed + i. With --output every verdict is kept as it is done; the same command goes on where an interrupted one stopped.

            EXAMPLES
              flashu eval generation --limit 60
              flashu eval understanding --accelerate paper --json
              flashu eval generation --accelerate paper --set headCache.interval=3 --output paper-3.jsonl
              flashu eval generation --output off.jsonl && flashu eval generation --accelerate balanced --against off.jsonl
            """)

    enum Task: String, ExpressibleByArgument, CaseIterable {
        case generation, understanding

        /// What a profile is for.
        var use: Calibration.Task { self == .generation ? .generation : .understanding }
    }

    @Argument(help: "What to measure: generation or understanding.")
    var task: Task

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions

    @Option(help: "Only the first so many prompts or questions; tasks are mixed, so they are a fair sample.")
    var limit: Int?

    @Option(parsing: .unconditional, help: "Seed of the first image's noise, or random (or -1).")
    var seed = Seed(1000)

    @Option(help: ArgumentHelp("Points of the time grid, 2 to 1000. (default: the model's)", valueName: "t"))
    var steps: Int?

    @Option(help: "Guidance scale; 0 = none. (default: the model's)")
    var cfgScale: Float?

    @Option(
        help: ArgumentHelp(
            "Folder with prompts.jsonl, questions.jsonl and images. (default: eval in the model's folder)",
            valueName: "folder"),
        completion: .directory)
    var evalFolder: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Keep each verdict on a line of this file, and skip those that it holds already.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Compare with the record of another run of the same samples: the paired difference with its 95 % interval.",
            valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var against: String?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more, not \(limit).") }
        try Bounds.check(steps: steps)
        try Bounds.check(cfgScale: cfgScale)
        for (option, file) in [("--output", output), ("--against", against)] {
            guard let file, OutputFile.isStandard(file) || InputFile.isStandard(file) else { continue }
            throw ValidationError("\(option) is a file that is kept, not standard input or output.")
        }
        if task == .understanding, steps != nil || cfgScale != nil {
            throw ValidationError("--steps and --cfg-scale belong to generation.")
        }
    }

    func run() async throws {
        var options = ShapesBench.Options()
        options.limit = limit
        options.seed = seed.value
        options.steps = steps
        options.guidance = cfgScale
        var plan = FilePlan()
        let files = try engine.open(&plan)
        options.profile = try acceleration.profile(&plan, of: files, for: task.use)
        options.against = try (plan.reads(against, "--against") as InputFile?)?.url
        options.record = (plan.writes(output, "--output") as OutputFile?)?.url
        let folder = evalFolder.map { URL(userPath: $0) }
        plan.reads(
            ShapesSet(folder: folder ?? files.url.appendingPathComponent("eval")).files, "a file of the benchmark")
        try plan.check()
        try files.check(options.profile, for: task.use)

        let model = try await engine.load(
            files, for: task == .generation ? .generation : .understanding,
            precision: engine.namedPrecision ?? acceleration.precision(of: files, for: task.use))
        let bench = ShapesBench(model, folder: folder)
        let line = ProgressLine(task == .generation ? "drawing" : "asking")
        let progress = { @Sendable (progress: ShapesBench.Progress) in line.show(progress.done, of: progress.total) }
        let report =
            switch task {
            case .generation: try await bench.generation(options, progress: progress)
            case .understanding: try await bench.understanding(options, progress: progress)
            }
        Terminal.clearProgress()
        if task == .generation { seed.tellIfRandom() }
        try Terminal.write(json ? JSONOutput.string(report, keepsKeys: true) : Self.table(report))
    }

    private static func table(_ report: BenchReport) -> String {
        func row(_ name: String, _ score: BenchReport.Score) -> String {
            name.padding(toLength: max(16, name.count + 1), withPad: " ", startingAt: 0)
                + String(
                    format: "%5.1f %%   [%.1f, %.1f]   %d/%d", 100 * score.share, 100 * score.low, 100 * score.high,
                    score.right, score.count)
        }
        let each = Double(max(report.samples, 1))
        let against = report.against.map {
            String(
                format: "against the other run: %+.1f points [%+.1f, %+.1f], %d gained and %d lost of %d",
                100 * $0.difference, 100 * $0.low, 100 * $0.high, $0.gained, $0.lost, $0.count)
        }
        return
            (report.tasks.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } + [row("overall", report.overall)]
            + [against].compactMap(\.self) + [
                String(
                    format: "%.1f s (%.3f s each), %.1f GFLOP (%.2f each), acceleration: ", report.seconds,
                    report.seconds / each, Double(report.flops) / 1e9, Double(report.flops) / 1e9 / each)
                    + report.settings.profile.name
            ]).joined(separator: "\n")
    }
}
