import ArgumentParser
import Foundation
import Pipelines

/// Options that name samples of both tasks: for commands that measure a model on them.
struct SampleOptions: ParsableArguments {
    @Option(help: "Prompts, and questions, to use at most.")
    var samples = 20

    @Option(
        help: ArgumentHelp("Prompts, one a line; - = standard input.", valueName: "file"), completion: .file())
    var prompts: String?

    @Option(
        help: ArgumentHelp("Images with questions, as JSON lines; - = standard input.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var images: String?

    func validate() throws {
        guard (1...10_000).contains(samples) else {
            throw ValidationError("--samples must be between 1 and 10000, not \(samples).")
        }
    }

    /// The prompts of `--prompts`, else of the model's folder.
    /// - Parameters:
    ///   - all: whether more than `--samples` are wanted.
    ///   - preferred: a folder of the model's that goes before `calibration`.
    func prompts(
        model folder: URL, _ plan: inout FilePlan, all: Bool = false, folder preferred: String? = nil
    ) throws(CommandError) -> [String] {
        try lines(of: file(prompts, in: folder, preferred, "prompts.txt", "--prompts", &plan), all: all).map(\.text)
    }

    /// Whether a model's folder has questions of its own.
    static func hasQuestions(_ folder: URL) -> Bool {
        ["tuning", "calibration"].contains {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent("\($0)/questions.jsonl").path)
        }
    }

    /// The questions of `--images`, else of the model's folder, and the folder that their images are in: the list's, or the working directory for
    /// one from standard input.
    func questions(
        model folder: URL, _ plan: inout FilePlan, all: Bool = false, folder preferred: String? = nil
    ) throws(CommandError) -> (questions: [ModelCalibration.Question], folder: URL) {
        let file = try file(images, in: folder, preferred, "questions.jsonl", "--images", &plan)
        let home =
            file.url?.deletingLastPathComponent() ?? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        var questions: [ModelCalibration.Question] = []
        for (number, line) in try lines(of: file, all: all) {
            guard let question = try? JSONDecoder().decode(ModelCalibration.Question.self, from: Data(line.utf8)) else {
                throw CommandError(
                    "\(file.shown), line \(number): not a line of {\"image\": PATH, \"question\": TEXT}: \(line.prefix(60))"
                )
            }
            let image = home.appendingPathComponent(question.image)
            guard FileManager.default.isReadableFile(atPath: image.path) else {
                throw CommandError("\(file.shown), line \(number): the image \(image.path) can't be read")
            }
            questions.append(question)
        }
        plan.reads(questions.map { home.appendingPathComponent($0.image) }, "an image of the samples")
        return (questions, home)
    }

    private func file(
        _ named: String?, in folder: URL, _ preferred: String?, _ name: String, _ role: String, _ plan: inout FilePlan
    ) throws(CommandError) -> InputFile {
        let own = [preferred, "calibration"].compactMap(\.self).map {
            folder.appendingPathComponent("\($0)/\(name)").path
        }
        let found = own.first { FileManager.default.fileExists(atPath: $0) } ?? own[own.count - 1]
        return try plan.reads(named ?? found, role)
    }

    private func lines(
        of file: InputFile, all: Bool = false
    ) throws(CommandError) -> [(number: Int, text: String)] {
        let lines = try TextLines.read(file)
        guard !lines.isEmpty else { throw CommandError("\(file.shown) is empty") }
        return all ? lines : Array(lines.prefix(samples))
    }
}
