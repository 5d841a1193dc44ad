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
            exact one first. compare IMAGE QUESTION asks the same of each. A warm-up run is not counted.

            EXAMPLES
              flashu compare "a photo of a red circle" -o compare.png
              flashu compare "a photo of a red circle" --profile paper --profile mine.json
              flashu compare stars.png "how many stars are there?"
            """)

    @Argument(help: ArgumentHelp("PROMPT, or IMAGE and QUESTION.", valueName: "words"))
    var words: [String]

    @OptionGroup var engine: EngineOptions

    @Option(
        help: ArgumentHelp("A preset or a JSON file; repeat for several. (default: paper)", valueName: "preset-or-file")
    )
    var profile: [String] = []

    @Option(
        name: [.short, .long], help: ArgumentHelp("The side-by-side PNG to write.", valueName: "png"),
        completion: .file(extensions: ["png"]))
    var output = "compare.png"

    @Option(help: "Seed of the noise.")
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Points of the time grid of the exact engine and of profiles that don't state a share. (default: the model's)",
            valueName: "t"))
    var steps: Int?

    @Option(help: "Guidance scale. (default: the model's)")
    var cfgScale: Float?

    func validate() throws {
        guard (1...2).contains(words.count) else {
            throw ValidationError("give PROMPT, or IMAGE and QUESTION, in quotes.")
        }
        try Bounds.check(steps: steps)
    }

    func run() async throws {
        let profiles = try (profile.isEmpty ? ["paper"] : profile).map { try AccelerationProfile.named($0) }
        if words.count == 1 {
            try await drawings(words[0], profiles)
        } else {
            try await answers(words[0], words[1], profiles)
        }
    }

    private func drawings(_ prompt: String, _ profiles: [AccelerationProfile]) async throws {
        let file = OutputFiles.names(output, count: 1)[0]
        try OutputFiles.check(file)
        let model = try await engine.load(for: .generation)
        let warmUp = TextToImage.Request(prompt: prompt, steps: 3, guidance: cfgScale, seed: seed)
        _ = try await TextToImage(model).images(warmUp)
        let progress = ProgressLine("drawing")
        let request = TextToImage.Request(prompt: prompt, steps: steps, guidance: cfgScale, seed: seed)
        let rows = try await DrawingComparison(model).run(request, profiles: profiles) { progress.show(share: $1) }
        Terminal.clearProgress()
        let sheet = try ImageGrid.compose(rows.map(\.image), columns: rows.count)
        try Interruption.whileWriting { try sheet.write(to: file) }
        var table = [["profile", "seconds", "speed-up", "evaluations", "backbone", "GFLOP", "latent error"]]
        for row in rows {
            table.append([
                row.name, String(format: "%.3f", row.seconds), String(format: "%.2fx", rows[0].seconds / row.seconds),
                "\(row.evaluations)", "\(row.backbonePasses)", String(format: "%.1f", Double(row.flops) / 1e9),
                String(format: "%.4f", row.latentError),
            ])
        }
        try Terminal.write(TextTable.lines(table).joined(separator: "\n"))
        try Terminal.write("left to right: \(rows.map(\.name).joined(separator: ", "))  \(file.path)")
    }

    private func answers(_ image: String, _ question: String, _ profiles: [AccelerationProfile]) async throws {
        let image = try RGBImage(contentsOf: URL(userPath: image))
        let model = try await engine.load(for: .understanding)
        let request = ImageQuestion.Request(image: image, questions: [question])
        _ = try await ImageQuestion(model).answers(request)
        let rows = try await AnswerComparison(model).run(request, profiles: profiles)
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
    }
}
