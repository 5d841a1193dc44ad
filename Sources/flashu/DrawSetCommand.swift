import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import Sets
import ShowO2

/// `flashu draw-set`
struct DrawSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draw-set", abstract: "Draw the prompts of a benchmark, laid out as its scorer reads them.",
        discussion: """
            FORMATS
            \(SetFormat.all.map { "  \($0.name.padding(toLength: 14, withPad: " ", startingAt: 0)) \($0.summary)" }.joined(separator: "\n"))

            Each image's seed is a hash of the run's seed, the prompt and the sample's number, so that an image does not depend on who draws it and when. \
            Files that are there and whole are kept: after whatever has ended a run the same command goes on. Settings, fingerprints and what failed are kept in \
            DIR.run/run.json beside the folder; a run with other settings into the same folder is refused. --shard i/n draws a share (i counts from 0 or from 1; n/n is 0/n); \
            any number of shards may run at once, on any machines that share the folder. --verify needs no model, names what is missing, broken, of \
            another size or too much, and ends with status 1 unless all is there.

            EXAMPLES
              flashu draw-set geneval evaluation_metadata.jsonl -o geneval --steps 50 --cfg-scale 5
              flashu draw-set geneval evaluation_metadata.jsonl -o geneval --verify
              flashu draw-set dpg dpg_bench.csv -o dpg -W 432 --shard 3/16
              flashu draw-set folder prompts.jsonl -o images --samples 2 --accelerate fast
            """)

    @Argument(help: "The benchmark: \(SetFormat.all.map(\.name).joined(separator: ", ")).")
    var format: String

    @Argument(
        help: ArgumentHelp("Its list of prompts, or the folder of them; - = standard input.", valueName: "meta"),
        completion: .file())
    var lists: [String]

    @Option(
        name: [.short, .long], help: ArgumentHelp("The folder that the scorer will read.", valueName: "folder"),
        completion: .directory)
    var output: String

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions
    @OptionGroup var sharing: ShardOptions

    @Option(help: "Images of each prompt. (default: the benchmark's)")
    var samples: Int?

    @Option(parsing: .unconditional, help: "The run's seed, which every image's seed is made from. (default: 0)")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Points of the time grid, 2 to 1000. (default: the model's)", valueName: "t"))
    var steps: Int?

    @Option(help: "Guidance scale; 0 = none. (default: the model's)")
    var cfgScale: Float?

    @Option(help: ArgumentHelp("What to guide away from; needs guidance.", valueName: "text"))
    var negativePrompt: String?

    @Option(
        name: [.customShort("W"), .long],
        help: "Width of an image in pixels (of a cell of a grid); without -H the height too. (default: the model's)")
    var width: Int?

    @Option(name: [.customShort("H"), .long], help: "Height of an image in pixels. (default: the model's)")
    var height: Int?

    @Option(help: "Shift of the time grid towards noise. (default: the model's)")
    var timeShift: Float?

    @Option(help: "Solver: euler, heun, ab2, dpmpp2m or unipc. (default: the profile's, else euler)")
    var sampler: Sampler.Kind?

    @Flag(help: "Draw nothing; count what is missing or broken, and end with status 1 if anything is.")
    var verify = false

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func validate() throws {
        guard SetFormat.named(format) != nil else {
            throw ValidationError(
                "there is no format \"\(format)\"; known: \(SetFormat.all.map(\.name).joined(separator: ", ")).")
        }
        guard !output.isEmpty, !OutputFile.isStandard(output) else {
            throw ValidationError("--output names a folder, not \"\(output)\".")
        }
        try Bounds.check(steps: steps)
        try Bounds.check(cfgScale: cfgScale)
        try Bounds.check(side: width, "--width")
        try Bounds.check(side: height, "--height")
        if let samples { try Bounds.check(count: samples, "--samples") }
        try Bounds.check(timeShift: timeShift)
    }

    func run() async throws {
        guard let format = SetFormat.named(format) else { return }
        var plan = FilePlan()
        let items = try format.items(Self.files(lists, format, &plan))
        try plan.check(prints: json ? "--json" : nil)
        let results = RunFolder(of: URL(userPath: output))
        guard results.results.path != "/" else { throw CommandError("--output / is no folder for images") }
        if verify { return try verify(format, items, results) }

        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder, sampler: sampler, for: .generation)
        let precision =
            try engine.namedPrecision ?? acceleration.precision(of: folder, for: .generation) ?? .bf16
        let set = try DrawingSet(format, items, samples: samples, seed: seed)
        if let index = set.renamed.first {
            Terminal.hint(
                "\(set.renamed.count) of \(items.count) prompts can't be file names as they are, such as that of \(items[index].place): slashes and underscores "
                    + "become blanks, long ones are cut, and the scorer will read them so")
        }
        var options = SetDrawing.Options()
        (options.steps, options.cfgScale, options.timeShift) = (steps, cfgScale, timeShift)
        (options.width, options.height, options.negativePrompt) = (width, height, negativePrompt)
        options.profile = profile
        let drawing = SetDrawing(set, in: results, options)
        let impossible = try drawing.check(folder)
        let provenance = try Provenance(folder, profile: profile, precision: precision)
        let settings = settings(drawing, folder.geometry, provenance)
        try results.begin(settings) { drawing.isFresh }

        let model = try await engine.load(folder, for: .generation, precision: precision)
        let progress = ProgressLine("drawing")
        let prints = !json
        let start = ContinuousClock.now
        let summary: SetDrawing.Summary
        do {
            summary = try await drawing.draw(sharing.shard, on: model, impossible: impossible) { file, image in
                let text = provenance.parameters(
                    of: image, prompt: set.items[file.item].prompt, ids: nil,
                    negativePrompt: drawing.negativePrompt(of: file), noise: nil,
                    seeds: file.seeds.count > 1 ? file.seeds : nil)
                return [(GenerationParameters.pngKey, text.text)]
            } tell: { event in
                switch event {
                case .drawn(let file, let seconds, let step):
                    if prints {
                        Terminal.clearProgress()
                        let seeds = file.seeds.map(String.init).joined(separator: " ")
                        try Terminal.write(
                            "\(file.path)  seed \(seeds)  " + String(format: "%.2f s", seconds)
                                + "  \(step.done)/\(step.total)")
                    }
                    progress.show(step.done, of: step.total)
                case .failed(let failure, let step):
                    Terminal.hint("\(failure.file) failed: \(failure.error)")
                    progress.show(step.done, of: step.total)
                }
            }
        } catch let error as SetError {
            let there = set.files(of: sharing.shard).count {
                FileManager.default.fileExists(atPath: results.results.appendingPathComponent($0.path).path)
            }
            throw CommandError(
                "\(error); \(there) of \(set.files(of: sharing.shard).count) files are there and stay, the same command goes on"
            )
        }
        Terminal.clearProgress()
        let seconds = (ContinuousClock.now - start).inSeconds
        if json {
            try Terminal.write(
                JSONOutput.string(
                    Report(
                        format: format.name, folder: results.results.path, record: results.recordFile.path,
                        files: set.files.count, shard: sharing.shard.description, shardFiles: summary.files,
                        kept: summary.kept, drawn: summary.drawn, failed: summary.failed, seconds: seconds)))
        } else {
            try Terminal.write(
                "\(summary.drawn) files drawn in " + String(format: "%.1f s", seconds)
                    + ", \(summary.kept) were there, \(summary.failed.count) failed")
        }
        if !summary.failed.isEmpty {
            Terminal.error("\(summary.failed.count) files failed; \(results.recordFile.path) says why")
            throw ExitCode(1)
        }
    }

    /// The lists as files; folders as the format reads them.
    static func files(_ lists: [String], _ format: SetFormat, _ plan: inout FilePlan) throws -> [ListFile] {
        var files: [ListFile] = []
        for list in lists {
            let file: InputFile = try plan.reads(list, "the list")
            var isFolder: ObjCBool = false
            if let url = file.url, FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
                isFolder.boolValue
            {
                files += try format.files(in: url)
            } else {
                files.append(ListFile(name: file.shown, data: try file.data(limit: ListFile.mostBytes)))
            }
        }
        return files
    }

    /// All that the images depend on.
    private func settings(
        _ drawing: SetDrawing, _ geometry: ShowO2Geometry, _ provenance: Provenance
    ) -> RunSettings {
        let (set, options) = (drawing.set, drawing.options)
        let settings = TextToImage.Settings(
            TextToImage.Request(
                prompts: [.text("")], steps: options.steps, guidance: options.cfgScale, timeShift: options.timeShift,
                width: options.width, height: options.height, profile: options.profile), geometry)
        var fields: [String: String?] = [
            "kind": "draw-set", "format": set.format.name, "set": set.fingerprint, "prompts": "\(set.items.count)",
            "samples": "\(set.samples)", "seed": "\(seed)", "steps": "\(settings.steps)",
            "cfg_scale": "\(settings.guidance)", "time_shift": "\(settings.timeShift)", "width": "\(settings.width)",
            "height": "\(settings.height)", "negative_prompt": options.negativePrompt,
        ]
        fields.merge(provenance.runFields) { $1 }
        return RunSettings(fields)
    }

    /// `--verify`
    private func verify(_ format: SetFormat, _ items: [SetItem], _ run: RunFolder) throws {
        let recorded = try run.settings()
        let samples = samples ?? recorded?["samples"].flatMap { Int($0) }
        let set = try DrawingSet(format, items, samples: samples, seed: seed)
        if let recorded, recorded["format"] != format.name || recorded["set"] != set.fingerprint {
            throw CommandError("\(run.results.path) was drawn from another list; verify it with its own")
        }
        if recorded == nil {
            Terminal.hint("\(run.recordFile.path) is not there, so that nobody knows which size the images should have")
        }
        let found = SetVerification(
            set, in: run, shard: sharing.shard, width: recorded?["width"].flatMap { Int($0) },
            height: recorded?["height"].flatMap { Int($0) })
        if recorded != nil { try? run.tellFailures() }
        if json {
            try Terminal.write(JSONOutput.string(found))
        } else {
            let why = Dictionary(found.failed.map { ($0.file, $0.error) }, uniquingKeysWith: { a, _ in a })
            let faults =
                found.missing.map { "missing     \($0)" + (why[$0].map { "  (failed: \($0))" } ?? "") }
                + found.broken.map { "broken      \($0.file)  (\($0.reason))" }
                + found.otherSize.map { "wrong size  \($0.file)  (\($0.reason))" }
                + found.stray.map { "stray       \($0)" }
            for line in faults.prefix(Self.mostTold) { try Terminal.write(line) }
            if faults.count > Self.mostTold {
                try Terminal.write("... and \(faults.count - Self.mostTold) more; --json names all")
            }
            try Terminal.write(
                "\(found.whole) of \(found.expected) files are whole; \(found.missing.count) missing, \(found.broken.count) broken, "
                    + "\(found.otherSize.count) of another size, \(found.stray.count) stray")
        }
        if !found.isComplete { throw ExitCode(1) }
    }

    private static let mostTold = 100

    /// What `--json` prints.
    private struct Report: Encodable {
        let format: String
        let folder: String
        let record: String
        let files: Int
        let shard: String
        let shardFiles: Int
        let kept: Int
        let drawn: Int
        let failed: [RunFolder.Failure]
        let seconds: Double
    }
}
