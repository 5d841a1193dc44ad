import ArgumentParser
import Compute
import FlashU
import Foundation
import Pipelines
import ShowO2

/// `flashu calibrate`
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measure which neurons and layers matter for each task.",
        discussion: """
            Draws prompts and reads images with questions on the exact engine, and writes \(Calibration.fileName) beside the model: what \
            pruning and calibrated layer skipping need. Done once; ratios can change afterwards. Without --prompts and --images the \
            folder's own calibration/prompts.txt (a prompt a line) and calibration/questions.jsonl (lines of \
            {"image": PATH, "question": TEXT}) are used.

            EXAMPLES
              flashu calibrate -m ~/models/show-o2-1.5B --prompts prompts.txt --images questions.jsonl
              flashu calibrate --task understanding --samples 10
            """)

    enum Task: String, ExpressibleByArgument, CaseIterable { case generation, understanding, both }

    @OptionGroup var engine: EngineOptions

    @Option(help: "What to measure: generation, understanding or both.")
    var task: Task = .both

    @Option(help: "Prompts, and questions, to use at most.")
    var samples = 20

    @Option(help: ArgumentHelp("Prompts, one a line.", valueName: "file"), completion: .file())
    var prompts: String?

    @Option(
        help: ArgumentHelp("Images with questions, as JSON lines.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var images: String?

    func validate() throws {
        guard (1...10_000).contains(samples) else {
            throw ValidationError("--samples must be between 1 and 10000, not \(samples).")
        }
    }

    func run() async throws {
        let folder = try ModelLocation.resolve(engine.model)
        let target = folder.appendingPathComponent(Calibration.fileName)
        try OutputFiles.check(target)
        let promptFile = file(prompts, in: folder, "prompts.txt")
        let questionFile = file(images, in: folder, "questions.jsonl")
        let prompts = task == .understanding ? [] : try lines(of: promptFile, option: "--prompts")
        let questions = try (task == .generation ? [] : try lines(of: questionFile, option: "--images")).map { line in
            guard let question = try? JSONDecoder().decode(ModelCalibration.Question.self, from: Data(line.utf8)) else {
                throw CommandError(
                    "\(questionFile.path): not a line of {\"image\": PATH, \"question\": TEXT}: \(line.prefix(60))")
            }
            return question
        }

        let model = try await engine.load(calibrated: false)
        let progress = ProgressLine("calibrating")
        var calibration = try await ModelCalibration(model).run(
            prompts: prompts, questions: questions, folder: questionFile.deletingLastPathComponent()
        ) { progress.show($0, of: $1) }
        Terminal.clearProgress()
        if task != .both,
            let before = try Calibration(
                folder: folder, layers: model.geometry.llm.layers, neurons: model.geometry.llm.intermediate)
        {
            calibration.scores.merge(before.scores) { new, _ in new }
        }
        try Interruption.whileWriting {
            try calibration.write(
                to: folder, metadata: ["samples": "\(samples)", "precision": engine.precision.rawValue])
        }
        try Terminal.write("\(target.path)  \(prompts.count) prompts, \(questions.count) questions")
    }

    private func file(_ named: String?, in folder: URL, _ name: String) -> URL {
        named.map { URL(fileURLWithPath: ($0 as NSString).expandingTildeInPath) }
            ?? folder.appendingPathComponent("calibration/\(name)")
    }

    private func lines(of url: URL, option: String) throws(CommandError) -> [String] {
        guard let data = FileManager.default.contents(atPath: url.path), data.count <= 16 << 20 else {
            throw CommandError("\(url.path) can't be read; name a file with \(option)")
        }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        guard !lines.isEmpty else { throw CommandError("\(url.path) is empty") }
        return Array(lines.prefix(samples))
    }
}
