import ArgumentParser
import Benchmarking
import Compute
import FlashU
import Foundation
import Pipelines
import ShowO2

/// `flashu bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast a model's parts run here, and what share of the machine that is.",
        discussion: """
            Without --model the weights of --geometry are made in memory, with random values, which take as long as real ones. The shares \
            are of what this machine does in the same run: the better of oneDNN's product of the same precision and the processor's peak on all \
            threads, or, for decoding, reading memory. An image's time is \
            the sum over its schedule: every kind of evaluation is measured -r times after a warm-up (none with -r 1) and counted as often as \
            it occurs; --full runs the whole schedule once instead. Convolutions count as done directly; the VAE does most of them with a quarter of \
            the multiplications (Winograd), so its share may be above 100 %.

            EXAMPLES
              flashu bench --geometry shapes
              flashu bench --geometry show-o2-1.5b --task understanding -r 3
              flashu bench --geometry show-o2-7b --task understanding --text-tokens 40 --answer-tokens 50 --accelerate paper
              flashu bench --geometry show-o2-1.5b-hq-1024 --task vae
              flashu bench -m ~/models/show-o2-1.5B --accelerate paper -r 1 -o json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case md, json }
    enum TaskChoice: String, ExpressibleByArgument, CaseIterable { case generation, understanding, vae, all }

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("A model's folder to measure instead of random weights.", valueName: "folder"),
        completion: .directory)
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Sizes to make random weights of: \(BenchSubject.geometries.keys.sorted().joined(separator: ", ")). (default: shapes)",
            valueName: "name"), completion: .list(BenchSubject.geometries.keys.sorted()))
    var geometry: String?

    @Option(help: "What to measure: generation, understanding, vae or all.")
    var task: TaskChoice = .all

    @Option(help: "Weights and activations: f32, bf16, int8 or int4.")
    var precision: Precision = .bf16

    @OptionGroup var acceleration: AccelerationOptions

    @Option(name: [.short, .long], help: "Timed repetitions, 1 to 1000.")
    var repeats = 5

    @Option(name: [.short, .long], help: "Threads. (default: all cores)")
    var threads: Int?

    @Option(name: [.short, .long], help: "md (tables) or json (an array of one object a part).")
    var output: Format = .md

    @Option(help: ArgumentHelp("Points of the time grid, 2 to 1000. (default: the model's)", valueName: "t"))
    var steps: Int?

    @Option(help: ArgumentHelp("With --task vae: the image's side. (default: the model's)", valueName: "pixels"))
    var size: Int?

    @Option(help: ArgumentHelp("Tokens of prompt and question, 1 to 4096.", valueName: "n"))
    var textTokens = 20

    @Option(help: ArgumentHelp("Tokens of an answer, 1 to 4096.", valueName: "n"))
    var answerTokens = 16

    @Flag(help: "Run every evaluation of the image once.")
    var full = false

    func validate() throws {
        if let geometry, BenchSubject.geometries[geometry] == nil {
            throw ValidationError(
                "--geometry must be one of \(BenchSubject.geometries.keys.sorted().joined(separator: ", ")), not \"\(geometry)\"."
            )
        }
        if model != nil, geometry != nil { throw ValidationError("give either --model or --geometry, not both.") }
        guard (1...1000).contains(repeats) else {
            throw ValidationError("--repeats must be between 1 and 1000, not \(repeats).")
        }
        for (name, count) in [("--text-tokens", textTokens), ("--answer-tokens", answerTokens)]
        where !(1...4096).contains(count) {
            throw ValidationError("\(name) must be between 1 and 4096, not \(count).")
        }
        try Bounds.check(threads: threads)
        try Bounds.check(steps: steps)
        if let size, !(64...4096).contains(size) || size % 8 != 0 {
            throw ValidationError("--size must be a multiple of 8 between 64 and 4096, not \(size).")
        }
        if size != nil, task != .vae { throw ValidationError("--size belongs to --task vae.") }
        if task == .vae || task == .understanding, full || steps != nil {
            throw ValidationError("--full and --steps belong to generation.")
        }
    }

    func run() async throws {
        var options = Benchmark.Options()
        options.tasks = Benchmark.Task(rawValue: task.rawValue).map { [$0] } ?? Set(Benchmark.Task.allCases)
        var plan = FilePlan()
        options.profile = try acceleration.profile(
            &plan, of: try model.map { try ModelFolder(ModelLocation.resolve($0)) })
        try plan.check()
        options.repeats = repeats
        options.full = full
        options.steps = steps
        options.vaeSide = size
        (options.textTokens, options.answerTokens) = (textTokens, answerTokens)
        let subject = try await subject(options.modelTasks)
        let report = try Benchmark(subject, options) { Terminal.progress("measuring \($0)") }.run()
        Terminal.clearProgress()
        switch output {
        case .md: try Terminal.write(report.markdown(full: full))
        case .json: try Terminal.write(JSONOutput.string(report.rows, keepsKeys: true))
        }
    }

    private func subject(_ tasks: ModelTasks) async throws -> BenchSubject {
        let line = ProgressLine("loading")
        defer { Terminal.clearProgress() }
        if let model {
            let loaded = try await UnifiedModel.load(
                ModelLocation.resolve(model), precision: precision, threads: threads, tasks: tasks,
                calibrated: false
            ) { line.show(share: $0) }
            return try BenchSubject(loaded)
        }
        let compute = try CPUCompute(precision: precision, threads: threads)
        let sizes = BenchSubject.geometries[geometry ?? "shapes"] ?? .shapes
        return try BenchSubject(sizes, compute: compute, tasks: tasks) {
            try Task.checkCancellation()
            line.show(share: $0)
        }
    }
}
