import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import Sets
import ShowO2
import Tensors

/// `flashu ask-set`
struct AskSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask-set", abstract: "Answer a list of questions about images and videos.",
        discussion: """
            LIST holds a JSON object a line: "image" (or "images", which are read together) or "video" (or "videos") with paths from the list's folder, "question" (or \
            "questions"), and optionally "id", "max_tokens" and, with a video, "frames". An answer is a line of ANSWERS: "index" (the question's place, from 0), "id", "question", "answer", "tokens" and \
            "finished", or "error". Lines are added as answers come, and brought into the list's order when all are there. Questions that are answered are not asked \
            again: after whatever has ended a run the same command goes on, and those with an error are asked again. Answers are greedy.

            --shard i/n writes to a file of its own (answers.0-of-4.jsonl); the last one to end merges all into ANSWERS, as --merge does. Settings are kept in \
            ANSWERS.run/run.json; a run with others is refused.

            EXAMPLES
              flashu ask-set questions.jsonl -o answers.jsonl --max-tokens 32
              flashu ask-set films.jsonl -o answers.jsonl --frames 16
              flashu ask-set questions.jsonl -o answers.jsonl --shard 2/8
              flashu ask-set questions.jsonl -o answers.jsonl --merge
              flashu ask-set questions.jsonl -o answers.jsonl --verify
            """)

    @Argument(
        help: ArgumentHelp("The list; - = standard input, with paths from the working directory.", valueName: "list"),
        completion: .file(extensions: ["jsonl"]))
    var list: String

    @Option(
        name: [.short, .long], help: ArgumentHelp("The file of answers.", valueName: "answers"),
        completion: .file(extensions: ["jsonl"]))
    var output: String

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions
    @OptionGroup var pictures: ImageOptions
    @OptionGroup var videos: VideoOptions
    @OptionGroup var sharing: ShardOptions

    @Option(help: "Tokens of an answer at most, 1 to 30000, unless its line says otherwise.")
    var maxTokens = 300

    @Option(help: "Images and videos that are on their way at once, 1 to 64; the answers do not depend on it.")
    var together = 8

    @Flag(help: "Ask nothing; put the answers of all shards together, in the list's order.")
    var merge = false

    @Flag(help: "Ask nothing; count what has no answer, and end with status 1 if anything has not.")
    var verify = false

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func validate() throws {
        guard !output.isEmpty, !OutputFile.isStandard(output), !output.hasSuffix("/") else {
            throw ValidationError("--output names a file that is kept, not \"\(output)\".")
        }
        try Bounds.check(maxTokens: maxTokens)
        guard (1...64).contains(together) else {
            throw ValidationError("--together must be between 1 and 64, not \(together).")
        }
        if merge, verify { throw ValidationError("give either --merge or --verify, not both.") }
    }

    func run() async throws {
        var plan = FilePlan()
        let file: InputFile = try plan.reads(list, "the list")
        let home = ListPaths.folder(of: file.url)
        let questions = try SetQuestion.read(
            ListFile(name: file.shown, data: try file.data(limit: ListFile.mostBytes)))
        let set = QuestionSet(questions)
        let place: @Sendable (String) -> URL = { home.listed($0) }
        let seen = Array(Set(questions.flatMap { $0.sources.map(\.path) }))
        plan.reads(seen.map(place), "a file of the list")
        let target: OutputFile = plan.writes(output, "--output")
        if verify || merge {
            return try look(set, RunFolder(of: URL(userPath: output)))
        }
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder, for: .understanding)
        try plan.check(prints: json ? "--json" : nil)
        guard let url = target.url else { return }
        let run = RunFolder(of: url)
        // One wrong name is an error of its line; all of them are a wrong folder.
        if !seen.contains(where: { FileManager.default.fileExists(atPath: place($0).path) }) {
            throw CommandError(
                "\(questions[0].place): none of the list's files is there, such as \(place(questions[0].sources[0].path).path)"
            )
        }
        try folder.check(profile, for: .understanding)
        let precision =
            try engine.namedPrecision ?? acceleration.precision(of: folder, for: .understanding) ?? .bf16
        var fields: [String: String?] = [
            "kind": "ask-set", "set": set.fingerprint, "questions": "\(questions.count)", "max_tokens": "\(maxTokens)",
            "alpha": pictures.alpha.rawValue, "fit": pictures.fit.rawValue,
        ]
        if questions.contains(where: \.hasVideo) {
            fields["frames"] = "\(videos.chosenFrames)"
            fields["video_mask"] = videos.videoMask.defaultValueDescription
        }
        fields.merge(try Provenance(folder, profile: profile, precision: precision).runFields) { $1 }
        try run.begin(RunSettings(fields)) { !AnswerFiles.exist(url) }
        let files = try AnswerFiles(url)

        let model = try await engine.load(folder, for: .understanding, precision: precision)
        var options = SetAsking.Options()
        (options.maxTokens, options.together, options.profile) = (maxTokens, together, profile)
        options.videoMask = videos.videoMask
        let progress = ProgressLine("asking")
        let (prints, pictures, videos, geometry) = (!json, pictures, videos, folder.geometry)
        let start = ContinuousClock.now
        let summary: SetAsking.Summary
        do {
            summary = try await SetAsking(set, files, in: run, options).ask(sharing.shard, of: model) { question in
                var pieces: [PromptPiece] = []
                for source in question.sources {
                    let file = try InputFile(place(source.path).path, "the list")
                    switch source {
                    case .image: pieces.append(try pictures.read(file, for: geometry).source)
                    case .video:
                        pieces.append(.video(try await videos.read(file, for: geometry, frames: question.frames)))
                    }
                }
                return pieces
            } tell: { step in
                let answer = step.answer
                if let error = answer.error {
                    Terminal.hint("\(questions[answer.index].place): \(error)")
                } else if prints {
                    Terminal.clearProgress()
                    try Terminal.write(
                        "\(answer.id.map { "\($0)" } ?? "\(answer.index)")  \(Self.shown(answer.answer ?? ""))  \(step.done)/\(step.total)"
                    )
                }
                progress.show(step.done, of: step.total)
            }
        } catch let error as SetError {
            throw CommandError(
                "\(error); \(files.answers.count) of \(questions.count) answers are there and stay, the same command goes on"
            )
        }
        Terminal.clearProgress()
        let seconds = (ContinuousClock.now - start).inSeconds
        if json {
            try Terminal.write(
                JSONOutput.string(
                    Report(
                        answers: url.path, questions: questions.count, shard: sharing.shard.description,
                        shardQuestions: summary.questions, kept: summary.kept, answered: summary.answered,
                        failed: summary.failed, merged: summary.isMerged, seconds: seconds)))
        } else {
            try Terminal.write(
                "\(summary.answered) answers in " + String(format: "%.1f s", seconds)
                    + ", \(summary.kept) were there, \(summary.failed) failed")
        }
        if summary.failed > 0 {
            Terminal.error("\(summary.failed) questions have an error instead of an answer in \(url.path)")
            throw ExitCode(1)
        }
    }

    /// `--verify` and `--merge`
    private func look(_ set: QuestionSet, _ run: RunFolder) throws {
        if let recorded = try run.settings(), recorded["set"] != set.fingerprint {
            throw CommandError("\(run.results.path) holds answers to another list; look at it with its own")
        }
        let files = try AnswerFiles(run.results)
        let answers = files.answers
        let indices = set.indices(of: sharing.shard)
        func name(_ index: Int) -> String { set.questions[index].id.map { "\($0)" } ?? "\(index)" }
        let missing = indices.filter { answers[$0] == nil }
        let failed = indices.filter { answers[$0]?.error != nil }
        let merged = merge ? try files.merge(set, run) : false
        if json {
            try Terminal.write(
                JSONOutput.string(
                    Look(
                        expected: indices.count, answered: indices.count - missing.count - failed.count,
                        missing: missing.map(name), failed: failed.map(name), merged: merged)))
        } else {
            for index in missing.prefix(100) {
                try Terminal.write("missing  \(name(index))  (\(set.questions[index].place))")
            }
            for index in failed.prefix(100) {
                try Terminal.write("failed   \(name(index))  (\(Self.shown(answers[index]?.error ?? "")))")
            }
            try Terminal.write(
                "\(indices.count - missing.count - failed.count) of \(indices.count) questions are answered; \(missing.count) missing, \(failed.count) failed"
                    + (merged ? "; all are in \(run.results.path)" : ""))
        }
        if !missing.isEmpty || !failed.isEmpty { throw ExitCode(1) }
    }

    /// On one line.
    private static func shown(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 80 ? line.prefix(77) + "..." : line
    }

    /// What `--json` prints.
    private struct Report: Encodable {
        let answers: String
        let questions: Int
        let shard: String
        let shardQuestions: Int
        let kept: Int
        let answered: Int
        let failed: Int
        let merged: Bool
        let seconds: Double
    }

    /// What `--json` prints with `--verify` and `--merge`.
    private struct Look: Encodable {
        let expected: Int
        let answered: Int
        let missing: [String]
        let failed: [String]
        let merged: Bool
    }
}
