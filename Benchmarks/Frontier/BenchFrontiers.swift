public import ArgumentParser
public import Compute
import Evaluation
import FlashU
import Foundation
import Pipelines

/// How ShapesBench is run for a frontier. Verdicts are kept, so that an interrupted run goes on and a larger limit extends a smaller one.
struct BenchOptions: ParsableArguments {
    @Option(help: "Only the first so many prompts or questions. (default: all)")
    var limit: Int?

    @Option(help: "Folder that keeps each configuration's verdicts.")
    var records = "out/frontier"

    @Option(help: "f32, bf16 or int8.")
    var precision = Precision.bf16

    /// Runs each configuration, and compares what it drew or answered with what the reference did: the share that stayed the same shows a loss
    /// long before the share that is right does.
    func run(
        _ task: String, _ configurations: [FrontierConfiguration], _ model: UnifiedModel,
        reference: FrontierConfiguration, into table: inout FrontierTable,
        bench: (ShapesBench, ShapesBench.Options) async throws -> BenchReport
    ) async throws {
        let folder = URL(fileURLWithPath: records).appendingPathComponent(task)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var expected: [String]?
        for one in [reference] + configurations {
            var options = ShapesBench.Options()
            options.limit = limit
            options.steps = one.points
            options.profile = one.profile
            let record = folder.appendingPathComponent(
                one.title.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" } + ".jsonl")
            options.record = record
            let report = try await bench(ShapesBench(model), options)
            let outputs = try Self.outputs(of: record, first: report.samples)
            defer { expected = expected ?? outputs }
            guard let expected else { continue }
            let count = Double(report.samples)
            let same = zip(outputs, expected).count { $0 == $1 }
            table.add(
                one,
                [
                    Double(report.flops) / 1e9 / count, report.seconds / count, 100 * report.overall.share,
                    100 * report.overall.low, 100 * report.overall.high, 100 * Double(same) / count,
                ])
        }
    }

    /// What the evaluator saw or the model answered, in the set's order.
    private static func outputs(of record: URL, first count: Int) throws -> [String] {
        let lines = try String(contentsOf: record, encoding: .utf8).split(separator: "\n").dropFirst()
        let samples = try lines.map { try JSONDecoder().decode(BenchSample.self, from: Data($0.utf8)) }
        return samples.sorted { $0.index < $1.index }.prefix(count).map(\.output)
    }

    static let columns = ["gflop", "seconds", "right_percent", "low", "high", "same_percent"]
}

extension Precision: ExpressibleByArgument {}

/// `frontier drawing`: the share of prompts that are drawn right.
struct DrawingFrontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drawing", abstract: "ShapesBench's generation score against compute.",
        discussion: "EXAMPLE\n  frontier drawing Models/shapes --limit 100 -o docs/frontier-drawing")

    @OptionGroup var options: FrontierOptions
    @OptionGroup var bench: BenchOptions

    func run() async throws {
        let configurations = try options.choose(drawingConfigurations())
        let model = try await options.load(bench.precision)
        var table = FrontierTable(
            columns: BenchOptions.columns, measure: "right_percent", label: "prompts drawn right, %",
            logarithmic: false)
        try await bench.run("drawing", configurations, model, reference: try .solution(points: 40), into: &table) {
            try await $0.generation($1)
        }
        try table.write(options.output)
    }
}

/// `frontier answers`: the share of questions that are answered right.
struct AnswerFrontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answers", abstract: "ShapesBench's understanding score against compute.",
        discussion: "EXAMPLE\n  frontier answers Models/shapes -o docs/frontier-answers")

    @OptionGroup var options: FrontierOptions
    @OptionGroup var bench: BenchOptions

    func run() async throws {
        let configurations = try options.choose(answerConfigurations())
        let model = try await options.load(bench.precision)
        var table = FrontierTable(
            columns: BenchOptions.columns, measure: "right_percent", label: "questions answered right, %",
            logarithmic: false)
        try await bench.run("answers", configurations, model, reference: .exact, into: &table) {
            try await $0.understanding($1)
        }
        try table.write(options.output)
    }
}
