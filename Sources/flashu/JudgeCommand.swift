import ArgumentParser
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tuning

/// `flashu judge`
struct JudgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Compare profiles, or folders of images, by the model's own eyes: no labels.",
        discussion: """
            With profiles, the model draws prompts and answers questions under each from the same noise, and judges what changed: of images the \
            relative error of the latents, the distance of its semantic encoder's features (of the whole, and patch by patch), and the alignment \
            (VQAScore: the probability that it finds the prompt in the image, the mean of three readings with noise) and the inconsistency (how much \
            farther the exact engine would move the image than its own, from a noised version of it); of answers the divergence of the next token's \
            distribution along the exact engine's answers, and the share that stay the same. With two folders it compares the images of the same names; prompts are \
            taken from the images' own text, from metadata.jsonl (GenEval) or from --prompts, a line an image. Means with 95 % intervals \
            (bootstrap over prompts or questions). docs/judge.md tells how well each agrees with a benchmark that has labels.

            EXAMPLES
              flashu judge --profile fast
              flashu judge --profile off --profile mine.json --task generation --samples 40 --json judge.json
              flashu judge -m ~/models/show-o2-1.5B reference-images/ new-images/
            """)

    enum Task: String, ExpressibleByArgument, CaseIterable { case generation, understanding, both }

    @Argument(help: ArgumentHelp("Two folders of images, the reference first.", valueName: "folders"))
    var folders: [String] = []

    @OptionGroup var engine: EngineOptions

    @Option(
        help: ArgumentHelp(
            "What is judged, against the exact engine; of two, the first one is the reference.",
            valueName: "preset-or-file"),
        completion: .list(AccelerationProfile.presets.keys.sorted()))
    var profile: [String] = []

    @Option(help: "What to judge: generation, understanding or both.")
    var task: Task = .both

    @OptionGroup var samples: SampleOptions

    @Option(parsing: .unconditional, help: "Seed of the first image's noise, or random (or -1).")
    var seed = Seed(0)

    @Option(
        help: ArgumentHelp("Write all samples as one JSON object; - = to standard output.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var json: String?

    func validate() throws {
        guard folders.isEmpty || folders.count == 2 else {
            throw ValidationError("give two folders of images, the reference first.")
        }
        if !folders.isEmpty, !profile.isEmpty {
            throw ValidationError("give profiles or folders of images, not both.")
        }
        guard !folders.isEmpty || (1...2).contains(profile.count) else {
            throw ValidationError("give --profile once or twice, or two folders of images.")
        }
        if !folders.isEmpty, task == .understanding || samples.images != nil {
            throw ValidationError(
                "folders of images are judged as drawings: --images and --task understanding don't go.")
        }
    }

    func run() async throws {
        var plan = FilePlan()
        let output: OutputFile? = plan.writes(json, "--json")
        let report = folders.isEmpty ? try await profiles(&plan) : try await images(&plan)
        Terminal.clearProgress()
        try output?.write(line: JSONOutput.string(report))
        seed.tellIfRandom()
        if DrawingLoss.isBlind(report.drawings?.samples.compactMap(\.loss.exactAlignment) ?? []) {
            Terminal.hint(
                "asked, the model finds its prompts in none of the reference's images: the alignment says nothing; \(DrawingLoss.blindnessAdvice)"
            )
        }
        if !plan.usesStandardOutput { try Terminal.write(Self.table(report)) }
    }

    // MARK: Profiles

    private func profiles(_ plan: inout FilePlan) async throws -> JudgeReport {
        let folder = try engine.open(&plan)
        var named = try profile.map { try AccelerationProfile(typed: $0, "--profile", of: folder, &plan) }
        let reference = named.count == 2 ? named.removeFirst() : .off
        let prompts = task == .understanding ? [] : try samples.prompts(model: folder.url, &plan)
        let (questions, home) =
            task == .generation ? ([], folder.url) : try samples.questions(model: folder.url, &plan)
        try plan.check()
        for profile in [reference] + named {
            if !prompts.isEmpty {
                try folder.check(TextToImage.Request(prompts: prompts.map { .text($0) }, profile: profile))
            }
            if !questions.isEmpty { try folder.check(profile, for: .understanding) }
        }
        try folder.check(samples: questions)
        let model = try await engine.load(folder)
        let judge = Judge(model)
        var report = JudgeReport(reference: reference.name, judged: named[0].name)
        if !prompts.isEmpty {
            let progress = ProgressLine("drawing")
            report.drawings = try await judge.drawings(prompts, named[0], against: reference, seed: seed.value) {
                progress.show($0, of: $1)
            }
        }
        if !questions.isEmpty {
            let progress = ProgressLine("asking")
            report.answers = try await judge.answers(questions, folder: home, named[0], against: reference) {
                progress.show($0, of: $1)
            }
        }
        return report
    }

    // MARK: Folders

    private func images(_ plan: inout FilePlan) async throws -> JudgeReport {
        let (reference, judged) = (try ImageFolder(folders[0]), try ImageFolder(folders[1]))
        let stems = Dictionary(judged.names.map { (Self.stem($0), $0) }, uniquingKeysWith: { a, _ in a })
        let pairs = reference.names.compactMap { name in stems[Self.stem(name)].map { (name, $0) } }
        guard !pairs.isEmpty else {
            throw CommandError("\(folders[0]) and \(folders[1]) hold no images of the same name")
        }
        let left = reference.names.count + judged.names.count - 2 * pairs.count
        if left > 0 { Terminal.hint("\(left) images have no partner in the other folder and are left out") }
        plan.reads(pairs.flatMap { [reference.file($0.0), judged.file($0.1)] }, "an image of the folders")
        var prompts = pairs.map { reference.prompt(of: $0.0) ?? judged.prompt(of: $0.1) }
        let folder = try engine.open(&plan)
        if samples.prompts != nil {
            let given = try samples.prompts(model: folder.url, &plan, all: true)
            guard given.count == pairs.count else {
                throw CommandError("--prompts has \(given.count) lines for \(pairs.count) pairs of images")
            }
            prompts = given
        }
        try plan.check()
        try folder.check(samples: [.init(image: "", question: "")])
        let unknown = prompts.count { $0 == nil }
        if unknown > 0 {
            Terminal.hint(
                "of \(unknown) images the prompt is not known: their alignment is left out (--prompts names a file)")
        }
        let model = try await engine.load(folder)
        let progress = ProgressLine("judging")
        let drawings = try await Judge(model).images(
            zip(pairs, prompts).map { pair, prompt in
                (
                    name: pair.0, prompt: prompt, reference: { try RGBImage(contentsOf: reference.file(pair.0)) },
                    judged: { try RGBImage(contentsOf: judged.file(pair.1)) }
                )
            }
        ) { progress.show($0, of: $1) }
        return JudgeReport(reference: folders[0], judged: folders[1], drawings: drawings)
    }

    /// A path without its file's ending: a PNG and a JPEG of one name are a pair.
    private static func stem(_ name: String) -> String { (name as NSString).deletingPathExtension }

    // MARK: Table

    private static func table(_ report: JudgeReport) -> String {
        func row(_ name: String, _ value: Interval, _ format: String = "%.4f") -> [String] {
            func told(_ number: Double) -> String { number.isFinite ? String(format: format, number) : "?" }
            return [name, told(value.mean), "[\(told(value.low)), \(told(value.high))]"]
        }
        var table = [["", "mean", "95 %"]]
        if let drawings = report.drawings {
            table.append(["\(drawings.samples.count) images", "", ""])
            table.append(row("  latent error", drawings.latentError))
            table.append(row("  semantic distance", drawings.semanticDistance))
            table.append(row("  patch distance", drawings.patchDistance))
            if let reference = drawings.referenceAlignment, let own = drawings.alignment,
                let loss = drawings.alignmentLoss
            {
                table.append(row("  alignment of the reference", reference))
                table.append(row("  alignment", own))
                table.append(row("  alignment lost", loss))
            }
        }
        if let gained = report.drawings?.inconsistencyGained { table.append(row("  inconsistency gained", gained)) }
        if let answers = report.answers {
            table.append(["\(answers.samples.count) answers", "", ""])
            table.append(row("  divergence (nats a token)", answers.divergence))
            table.append(row("  variation", answers.variation))
            table.append(row("  changed tokens", answers.changedTokens))
            table.append(row("  same answers", answers.same))
            table.append(row("  regret", answers.regret))
        }
        var lines = ["\(report.judged) against \(report.reference)"] + TextTable.lines(table)
        for (what, seconds) in [("an image", report.drawings?.seconds), ("a question", report.answers?.seconds)] {
            guard let seconds, seconds.count == 2, seconds[1] > 0 else { continue }
            lines.append(
                String(
                    format: "%@: %.3f s, %@ %.3f s: %.2fx (VAE not included)", what, seconds[1], report.reference,
                    seconds[0], seconds[0] / seconds[1]))
        }
        return lines.joined(separator: "\n")
    }
}
