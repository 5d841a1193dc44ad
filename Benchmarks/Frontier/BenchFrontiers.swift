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

    @Option(help: "Of weights and products.")
    var precision = Precision.bf16

    /// Runs each configuration, and compares what it drew or answered with what the reference did: the share that stayed the same shows a loss
    /// long before the share that is right does. The share that is right is compared sample by sample with the exact engine's.
    ///
    /// - Parameters:
    ///   - task: names the verdicts' folder.
    ///   - label: what the plot calls the share that is right.
    func run(
        _ task: String, label: String, _ options: FrontierOptions, _ configurations: [FrontierConfiguration],
        reference: FrontierConfiguration, bench: (ShapesBench, ShapesBench.Options) async throws -> BenchReport
    ) async throws {
        let configurations = try options.choose(configurations)
        let model = try await options.load(precision)
        let folder = URL(fileURLWithPath: records).appendingPathComponent(task)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func record(_ one: FrontierConfiguration) -> URL {
            folder.appendingPathComponent(
                one.title.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" } + ".jsonl")
        }
        func judge(_ one: FrontierConfiguration, against exact: FrontierConfiguration? = nil) async throws -> (
            report: BenchReport, outputs: [String]
        ) {
            var options = ShapesBench.Options()
            options.limit = limit
            options.steps = one.points
            options.profile = one.profile
            options.record = record(one)
            options.against = exact.map(record)
            let report = try await bench(ShapesBench(model), options)
            return (report, try Self.outputs(of: record(one), first: report.samples))
        }
        let expected = try await judge(reference).outputs
        _ = try await judge(.exact)
        var table = FrontierTable(
            columns: [
                "gflop", "seconds", "right_percent", "low", "high", "same_percent", "difference", "difference_low",
                "difference_high",
            ], measure: "right_percent",
            label: label, logarithmic: false)
        for one in configurations {
            let (report, outputs) = try await judge(one, against: .exact)
            let paired = report.against ?? PairedDifference(gained: 0, lost: 0, count: 0)
            let count = Double(report.samples)
            let same = zip(outputs, expected).count { $0 == $1 }
            table.add(
                one,
                [
                    Double(report.flops) / 1e9 / count, report.seconds / count, 100 * report.overall.share,
                    100 * report.overall.low, 100 * report.overall.high, 100 * Double(same) / count,
                    100 * paired.difference,
                    100 * paired.low, 100 * paired.high,
                ])
        }
        try table.write(options.output)
    }

    /// What the evaluator saw or the model answered, in the set's order.
    private static func outputs(of record: URL, first count: Int) throws -> [String] {
        let lines = try String(contentsOf: record, encoding: .utf8).split(separator: "\n").dropFirst()
        let samples = try lines.map { try JSONDecoder().decode(BenchSample.self, from: Data($0.utf8)) }
        return samples.sorted { $0.index < $1.index }.prefix(count).map(\.output)
    }
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
        try await bench.run(
            "drawing", label: "prompts drawn right, %", options, drawingConfigurations(),
            reference: .solution(points: 40)
        ) { try await $0.generation($1) }
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
        try await bench.run(
            "answers", label: "questions answered right, %", options, answerConfigurations(), reference: .exact
        ) { try await $0.understanding($1) }
    }
}
