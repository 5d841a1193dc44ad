import ArgumentParser
import Compute
import Evaluation
import FlashU
import Foundation
import Pipelines
import ShowO2
import Tensors
import Tuning
import Videos

/// `flashu tune`
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune", abstract: "Find the accelerations that fit a model, by measuring it against itself.",
        discussion: """
            Draws prompts and asks about images with the exact engine, then with everything that could be faster: solvers on fewer points, reuse and \
            forecast between evaluations, pruned neurons, layers and tokens, guidance, 8 and 4 bits. Schedules are first scored on the exact trajectories; \
            every knob is turned alone; combinations that should do are run whole; what is chosen is judged on prompts that nothing was chosen \
            by. Needs no labels: the model judges its own images and answers (flashu judge). Writes \(TunedProfiles.fileName) beside the model: \
            --accelerate balanced then means the fastest within the first loss, fast within the second. An interrupted run goes on with the same \
            command. Without --prompts and --images the folder's own tuning/ or calibration/ samples are used; without images at all the model \
            is asked about its own drawings. Pruning neurons wants flashu calibrate first.

            EXAMPLES
              flashu tune --budget 20m -o tune.html
              flashu tune -m ~/models/show-o2-1.5B --prompts prompts.txt --images questions.jsonl --budget 3h
              flashu tune --task understanding --loss 0.5,2 --no-int8
              flashu tune --task understanding --images films.jsonl --frames 16
            """)

    enum Task: String, ExpressibleByArgument, CaseIterable { case generation, understanding, both }

    @OptionGroup var engine: EngineOptions

    @Option(help: "What to tune for: generation, understanding or both.")
    var task: Task = .both

    @Option(
        help: ArgumentHelp("Prompts, one a line; - = standard input.", valueName: "file"), completion: .file())
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "Images or videos with questions, as JSON lines of {\"image\": PATH, \"question\": TEXT} or \"video\"; - = standard input.",
            valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var images: String?

    @Option(help: ArgumentHelp("Frames of a video, evenly from the first to the last, 1 to 4096.", valueName: "n"))
    var frames = 32

    @Option(
        help: ArgumentHelp(
            "Time that it may take, as 20m, 3h or seconds. (default: 3h, or what 25 images take, if that is less)",
            valueName: "time"))
    var budget: TimeSpan?

    @Option(help: ArgumentHelp("Points that may be lost by balanced and fast, of 100.", valueName: "p,p"))
    var loss: Losses = .init(values: [1, 3])

    @Option(parsing: .unconditional, help: "Seed of the first prompt's noise.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Tokens of an answer at most.", valueName: "n"))
    var maxTokens = 64

    @Flag(inversion: .prefixedNo, help: "Try 8-bit weights, too.")
    var int8 = true

    @Flag(inversion: .prefixedNo, help: "Try 4-bit weights, too.")
    var int4 = true

    @Option(
        name: [.short, .long], help: ArgumentHelp("The page to write; - = standard output.", valueName: "html"),
        completion: .file(extensions: ["html"]))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write all that was measured as one JSON object, too; - = to standard output.", valueName: "json"),
        completion: .file(extensions: ["json"]))
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Keeps what was measured until it is done. (default: .tune in the model's folder)", valueName: "folder"),
        completion: .directory)
    var work: String?

    func validate() throws {
        guard (1...4096).contains(maxTokens) else {
            throw ValidationError("--max-tokens must be between 1 and 4096, not \(maxTokens).")
        }
        try VideoOptions.check(frames: frames)
    }

    func run() async throws {
        var plan = FilePlan()
        let page: OutputFile? = plan.writes(output, "--output")
        let numbers: OutputFile? = plan.writes(json, "--json")
        let folder = try engine.open(&plan)
        let target: OutputFile = plan.writes(
            folder.url.appendingPathComponent(TunedProfiles.fileName).path, "the profiles")
        var samples = SampleOptions()
        (samples.prompts, samples.images) = (prompts, images)
        let prompts = try samples.prompts(model: folder.url, &plan, all: true, folder: "tuning")
        let hasImages = images != nil || SampleOptions.hasQuestions(folder.url)
        let (questions, home) =
            task == .generation || !hasImages
            ? ([], folder.url) : try samples.questionsAndVideos(model: folder.url, &plan)
        try plan.check()
        try folder.check(samples: questions.map { .init(image: $0.subject.path, question: $0.question) })
        // A video that can't be read would be met after hours.
        for case .video(let path) in questions.groupedInOrder(by: \.subject).map(\.key) {
            _ = try await VideoReader().info(of: home.listed(path))
        }
        for prompt in prompts { try folder.check(TextToImage.Request(prompt: prompt)) }

        if try folder.calibration() == nil {
            Terminal.hint(
                "the model is not calibrated: pruned neurons and MagCache are left out (flashu calibrate -m \(folder.url.path))"
            )
        }
        var tasks: [Calibration.Task] = []
        if task != .understanding { tasks.append(.generation) }
        if task != .generation { tasks.append(.understanding) }
        let settings = Tuner.Settings(
            tasks: tasks, prompts: prompts, questions: questions, folder: home, frames: frames,
            budget: budget?.seconds, losses: loss.values, precision: engine.precision,
            triedPrecisions: [(int8, Precision.int8), (int4, .int4)].filter(\.0).map(\.1),
            maxTokens: maxTokens, seed: seed, threads: engine.threads)
        let tuner = Tuner(folder, settings, work: work.map { URL(userPath: $0) })
        let isQuiet = plan.usesStandardOutput
        let report = try await tuner.run { plan in
            guard !isQuiet else { return }
            Terminal.clearProgress()
            for line in Self.announcement(plan) { Terminal.hint(line) }
        } progress: { progress in
            Terminal.progress(
                String(
                    format: "%@, %@: %@ of %@  %@", progress.task.rawValue, progress.stage, Self.time(progress.spent),
                    Self.time(progress.of), String(progress.candidate.prefix(60))))
        }
        Terminal.clearProgress()
        if let tuned = report.tuned { try Interruption.whileWriting { try tuned.write(to: folder.url) } }
        try page?.write(Data(TunePage(report).html.utf8))
        try numbers?.write(line: JSONOutput.string(report))
        tuner.clean()
        for note in report.tasks.compactMap(\.note) { Terminal.hint(note) }
        guard !isQuiet else { return }
        try Terminal.write(
            (Self.table(report) + [target.shown] + [page?.shown].compactMap(\.self)).joined(separator: "\n"))
    }

    private static func announcement(_ plan: Tuner.Plan) -> [String] {
        plan.tasks.map { task in
            String(
                format: "%@: about %@, %d + %d + %d samples of %.2f s", task.task.rawValue, time(plan.seconds),
                task.search,
                task.choice, task.verdict, task.sample)
        } + [
            "it takes up to \(plan.extra >> 20) MB more than drawing, in memory and on disk"
                + (plan.isResumed ? "; goes on with an interrupted run" : "")
        ]
    }

    private static func time(_ seconds: Double) -> String {
        seconds < 600 ? "\(Int(seconds)) s" : "\(Int(seconds / 60)) min"
    }

    private static func table(_ report: TuneReport) -> [String] {
        var table = [["profile", "task", "speed-up", "points lost", "95 %", "what"]]
        for task in report.tasks {
            for (place, choice) in task.choices.enumerated() {
                let (point, loss) = (choice.chosen, choice.chosen.loss)
                table.append([
                    place < Tuner.names.count ? Tuner.names[place] : "loss-\(choice.limit)", task.task,
                    String(format: "%.2fx", point.speedup), String(format: "%.2f", loss.mean),
                    loss.low.isFinite ? String(format: "[%.1f, %.1f]", loss.low, loss.high) : "?",
                    point.choices.isEmpty
                        ? "the exact engine"
                        : point.choices.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; "),
                ])
            }
        }
        return TextTable.lines(table)
    }
}

/// `20m`, `3h`, `90s` or `90`.
struct TimeSpan: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? argument : String(argument.dropLast())), number.isFinite else {
            return nil
        }
        seconds = number * (unit ?? 1)
        guard (30...1e7).contains(seconds) else { return nil }
    }
}

/// `1,3`
struct Losses: ExpressibleByArgument {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
        let values = parts.compactMap(\.self)
        guard values.count == parts.count, (1...2).contains(values.count), values.allSatisfy({ $0 > 0 && $0 <= 100 })
        else { return nil }
        self.values = values.sorted()
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
}
