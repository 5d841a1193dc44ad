import ArgumentParser
import Foundation
import Images
import Pipelines
import Tensors
import Tuning

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
        model folder: URL, _ plan: inout FilePlan, all: Bool = false
    ) throws(CommandError) -> (questions: [ModelCalibration.Question], folder: URL) {
        try questions(
            model: folder, &plan, all: all, line: "{\"image\": PATH, \"question\": TEXT}", subject: { .image($0.image) }
        ) { try? JSONDecoder().decode(ModelCalibration.Question.self, from: $0) }
    }

    /// The same with questions on videos among them, all of them; the folder's `tuning` goes before its `calibration`.
    func questionsAndVideos(
        model folder: URL, _ plan: inout FilePlan
    ) throws(CommandError) -> (questions: [TuneQuestion], folder: URL) {
        struct Line: Decodable {
            var image: String?
            var video: String?
            var question: String
        }
        return try questions(
            model: folder, &plan, all: true, folder: "tuning",
            line: "{\"image\": PATH, \"question\": TEXT}, or of \"video\"", subject: \.subject
        ) { data in
            guard let line = try? JSONDecoder().decode(Line.self, from: data) else { return nil }
            switch (line.image, line.video) {
            case (let image?, nil): return TuneQuestion(.image(image), line.question)
            case (nil, let video?): return TuneQuestion(.video(video), line.question)
            default: return nil
            }
        }
    }

    /// - Parameters:
    ///   - form: what a line must be.
    ///   - subject: what is asked about, by a path from the list's folder or an absolute one.
    ///   - parse: nil for what is no such line.
    private func questions<Question>(
        model folder: URL, _ plan: inout FilePlan, all: Bool, folder preferred: String? = nil, line form: String,
        subject: (Question) -> TuneQuestion.Subject, parse: (Data) -> Question?
    ) throws(CommandError) -> (questions: [Question], folder: URL) {
        let file = try file(images, in: folder, preferred, "questions.jsonl", "--images", &plan)
        let home = ListPaths.folder(of: file.url)
        var questions: [Question] = []
        var seen: Set<TuneQuestion.Subject> = []
        for (number, line) in try lines(of: file, all: all) {
            guard let question = parse(Data(line.utf8)) else {
                throw CommandError("\(file.shown), line \(number): not a line of \(form): \(line.prefix(60))")
            }
            questions.append(question)
            let subject = subject(question)
            guard seen.insert(subject).inserted else { continue }
            do {
                try Self.check(subject, home.listed(subject.path))
            } catch {
                throw CommandError("\(file.shown), line \(number): \(error)")
            }
        }
        plan.reads(seen.map(\.path).sorted().map(home.listed), "an image of the samples")
        return (questions, home)
    }

    /// Reads an image once, so that one that can't be read is told with its line, not when the samples before it are done. Of a video only that it is there.
    private static func check(_ subject: TuneQuestion.Subject, _ file: URL) throws {
        switch subject {
        case .image: _ = try ImageReader().read(contentsOf: file, fit: .crop, width: 16, height: 16)
        case .video:
            guard FileManager.default.isReadableFile(atPath: file.path) else {
                throw CommandError("\(file.path) can't be read")
            }
        }
    }

    private func file(
        _ named: String?, in folder: URL, _ preferred: String?, _ name: String, _ role: String, _ plan: inout FilePlan
    ) throws(CommandError) -> InputFile {
        let own = [preferred, "calibration"].compactMap(\.self).map {
            folder.appendingPathComponent("\($0)/\(name)").path
        }
        guard let path = named ?? own.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw CommandError(
                "give \(role) FILE: the model's folder has no \(name) of its own (\(own[own.count - 1]))")
        }
        return try plan.reads(path, role)
    }

    private func lines(
        of file: InputFile, all: Bool = false
    ) throws(CommandError) -> [(number: Int, text: String)] {
        let lines = try TextLines.read(file)
        guard !lines.isEmpty else { throw CommandError("\(file.shown) is empty") }
        return all ? lines : Array(lines.prefix(samples))
    }
}
