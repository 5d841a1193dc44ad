import ArgumentParser
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2

/// `flashu compare`
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare profiles with the exact engine, on a prompt or on an image and a question.",
        discussion: """
            compare PROMPT draws it with the exact engine and with each profile from the same noise, and lays the images side by side, the \
            exact one first. compare IMAGE QUESTION asks the same of each. A warm-up run is not counted. --json prints the table as one object.

            EXAMPLES
              flashu compare "a photo of a red circle" -o compare.png
              flashu compare "a photo of a red circle" --profile paper --profile mine.json
              flashu compare stars.png "how many stars are there?"
            """)

    @Argument(help: ArgumentHelp("PROMPT, or IMAGE and QUESTION.", valueName: "words"))
    var words: [String]

    @OptionGroup var engine: EngineOptions
    @OptionGroup var pictures: ImageOptions

    @Option(
        help: ArgumentHelp(
            "A preset, a JSON file or an image's \"Acceleration\" text; repeat for several. (default: paper)",
            valueName: "preset-or-file"),
        completion: .list(AccelerationProfile.presets.keys.sorted())
    )
    var profile: [String] = []

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The side-by-side image to write, as .png, .jpg or .webp; - = standard output.", valueName: "file"),
        completion: .file(extensions: ["png", "jpg", "webp"]))
    var output = "compare.png"

    @Option(parsing: .unconditional, help: "Seed of the noise, or random (or -1).")
    var seed = Seed(0)

    @Option(
        help: ArgumentHelp(
            "Points of the time grid of the exact engine and of profiles that don't state a share. (default: the model's)",
            valueName: "t"))
    var steps: Int?

    @Option(help: "Guidance scale. (default: the model's)")
    var cfgScale: Float?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        guard (1...2).contains(words.count) else {
            throw ValidationError("give PROMPT, or IMAGE and QUESTION, in quotes.")
        }
        if let image = words.last, PictureName.looksLikeOne(image) {
            throw ValidationError(
                "\(image) is an image; ask something of it: flashu compare \(image) \"What is this?\".")
        }
        try Bounds.check(steps: steps)
        try Bounds.check(cfgScale: cfgScale)
    }

    func run() async throws {
        var plan = FilePlan()
        let folder = try engine.open(&plan)
        let profiles = try (profile.isEmpty ? ["paper"] : profile).map {
            try AccelerationProfile(typed: $0, "--profile", of: folder, &plan)
        }
        if words.count == 1 {
            try await drawings(words[0], profiles, folder, &plan)
        } else {
            try await answers(words[0], words[1], profiles, folder, &plan)
        }
    }

    private func drawings(
        _ prompt: String, _ profiles: [AccelerationProfile], _ folder: ModelFolder, _ plan: inout FilePlan
    ) async throws {
        let file = try ImageOutput(plan.writes(output, "--output"))
        try plan.check(prints: json ? "--json" : nil)
        var request = TextToImage.Request(prompt: prompt, steps: steps, guidance: cfgScale, seed: seed.value)
        for profile in [.off] + profiles {
            request.profile = profile
            try folder.check(request)
        }
        request.profile = .off
        let model = try await engine.load(folder, for: .generation)
        var warmUp = request
        warmUp.steps = 3
        _ = try await TextToImage(model).images(warmUp)
        let progress = ProgressLine("drawing")
        let rows = try await DrawingComparison(model).run(request, profiles: profiles) { progress.show(share: $1) }
        Terminal.clearProgress()
        let sheet = try ImageGrid.compose(rows.map(\.image), columns: rows.count)
        try file.write(sheet)
        if json {
            return try Terminal.write(
                JSONOutput.string(
                    DrawingReport(
                        prompt: prompt, seed: seed.value, file: file.file.shown,
                        rows: rows.map {
                            DrawingReport.Row(
                                profile: $0.name, changes: $0.profile.changes, seconds: $0.seconds,
                                evaluations: $0.evaluations, backbonePasses: $0.backbonePasses, flops: $0.flops,
                                latentError: $0.latentError)
                        })))
        }
        var table = [["profile", "seconds", "speed-up", "evaluations", "backbone", "GFLOP", "latent error"]]
        for row in rows {
            table.append([
                row.name, String(format: "%.3f", row.seconds), String(format: "%.2fx", rows[0].seconds / row.seconds),
                "\(row.evaluations)", "\(row.backbonePasses)", String(format: "%.1f", Double(row.flops) / 1e9),
                String(format: "%.4f", row.latentError),
            ])
        }
        guard !plan.usesStandardOutput else { return seed.tellIfRandom() }
        try Terminal.write(TextTable.lines(table).joined(separator: "\n"))
        let drawn = seed.isRandom ? "  seed \(seed)" : ""
        try Terminal.write("left to right: \(rows.map(\.name).joined(separator: ", "))  \(file.file.shown)\(drawn)")
    }

    private func answers(
        _ image: String, _ question: String, _ profiles: [AccelerationProfile], _ folder: ModelFolder,
        _ plan: inout FilePlan
    ) async throws {
        let file: InputFile = try plan.reads(image, "the image")
        try plan.check()
        var request = ImageQuestion.Request(
            sources: [try pictures.read(file, for: folder.geometry).source], questions: [.text(question)])
        for profile in [.off] + profiles {
            request.profile = profile
            try folder.check(request)
        }
        request.profile = .off
        let model = try await engine.load(folder, for: .understanding)
        _ = try await ImageQuestion(model).answers(request)
        let rows = try await AnswerComparison(model).run(request, profiles: profiles)
        if json {
            return try Terminal.write(
                JSONOutput.string(
                    AnswerReport(
                        question: question,
                        rows: rows.map {
                            AnswerReport.Row(
                                profile: $0.name, changes: $0.profile.changes, seconds: $0.seconds,
                                firstToken: $0.firstToken, imageTokens: $0.imageTokens, flops: $0.flops,
                                answer: $0.answer, finished: $0.finished)
                        })))
        }
        var table = [["profile", "seconds", "speed-up", "first token", "image tokens", "GFLOP", "answer"]]
        for row in rows {
            table.append([
                row.name, String(format: "%.3f", row.seconds), String(format: "%.2fx", rows[0].seconds / row.seconds),
                String(format: "%.3f", row.firstToken), "\(row.imageTokens)",
                String(format: "%.2f", Double(row.flops) / 1e9),
                row.answer,
            ])
        }
        try Terminal.write(TextTable.lines(table).joined(separator: "\n"))
        for row in rows where !row.finished {
            Terminal.hint("the answer of \(row.name) was cut at \(request.maxTokens) tokens")
        }
    }

    /// What `--json` prints of a prompt.
    private struct DrawingReport: Encodable {
        struct Row: Encodable {
            let profile: String
            let changes: String
            let seconds: Double
            let evaluations: Int
            let backbonePasses: Int
            let flops: Int
            let latentError: Double
        }
        let prompt: String
        let seed: UInt64
        let file: String
        let rows: [Row]
    }

    /// What `--json` prints of a question.
    private struct AnswerReport: Encodable {
        struct Row: Encodable {
            let profile: String
            let changes: String
            let seconds: Double
            let firstToken: Double
            let imageTokens: Int
            let flops: Int
            let answer: String
            let finished: Bool
        }
        let question: String
        let rows: [Row]
    }
}
