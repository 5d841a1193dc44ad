import ArgumentParser
import Foundation
import Pipelines

/// Options that name samples of both tasks: for commands that measure a model on them.
struct SampleOptions: ParsableArguments {
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

    /// The prompts of `--prompts`, else of the model's folder.
    func prompts(model folder: URL) throws(CommandError) -> [String] {
        try lines(of: file(prompts, in: folder, "prompts.txt"), option: "--prompts")
    }

    /// The questions of `--images`, else of the model's folder, and the folder that their images are in.
    func questions(model folder: URL) throws(CommandError) -> (questions: [ModelCalibration.Question], folder: URL) {
        let file = file(images, in: folder, "questions.jsonl")
        var questions: [ModelCalibration.Question] = []
        for line in try lines(of: file, option: "--images") {
            guard let question = try? JSONDecoder().decode(ModelCalibration.Question.self, from: Data(line.utf8)) else {
                throw CommandError(
                    "\(file.path): not a line of {\"image\": PATH, \"question\": TEXT}: \(line.prefix(60))")
            }
            questions.append(question)
        }
        return (questions, file.deletingLastPathComponent())
    }

    private func file(_ named: String?, in folder: URL, _ name: String) -> URL {
        named.map { URL(userPath: $0) }
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
