public import ArgumentParser
public import Compute
import Evaluation
import Foundation
import ShowO2
import Tensors

/// One evaluation of the velocity (both guidance branches) at a true geometry with random weights: seconds, operations, and the share of
/// the machine's matrix-product rate, measured before and after in the same run.
@main
struct DenoisingStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "denoising-step", abstract: "Benchmark one dense evaluation of the velocity.",
        discussion: """
            With --sides images of several sizes take turns, and a table tells how seconds grow with operations.

            EXAMPLES
              swift run -c release denoising-step --geometry show-o2-1.5b --precision bf16 -r 3
              swift run -c release denoising-step --geometry show-o2-1.5b-hq-1024 --sides 16 24 32 48 64 -r 2 -o sizes.svg
            """)

    @Option(help: "\(ShowO2Geometry.known.keys.sorted().joined(separator: ", ")), or a model folder.")
    var geometry = "show-o2-1.5b"

    @Option(help: "Of weights and products.")
    var precision = Precision.bf16

    @Option(name: [.short, .long], help: "Threads. Default: all cores.")
    var threads: Int?

    @Option(name: [.short, .long], help: "Timed evaluations, after one to warm up.")
    var repeats = 5

    @Option(help: "Prompt tokens.")
    var prompt = 20

    @Option(parsing: .upToNextOption, help: "Image tokens a side, of square images. Default: the geometry's image.")
    var sides: [Int] = []

    @Option(name: [.short, .long], help: "Writes seconds against tokens there, an SVG plot.")
    var output: String?

    func validate() throws {
        guard repeats >= 1, prompt >= 1, sides.allSatisfy({ $0 >= 1 }) else {
            throw ValidationError("repeats, prompt and sides must be at least 1")
        }
    }

    func run() throws {
        let compute = try CPUCompute(precision: precision, threads: threads)
        let (shape, weights) = try source()
        let clock = ContinuousClock()
        let start = clock.now
        let model = try ShowO2Model(geometry: shape, weights: weights, compute: compute)
        print("\(shape.name), \(precision), \(compute.threads) threads, \(CPUCompute.instructionSet)")
        print(
            String(
                format: "loaded in %.1f s, %.2f GB packed", (clock.now - start).inSeconds, Double(model.byteCount) / 1e9
            ))

        let unit = shape.pixelsPerToken
        let grids = try sides.isEmpty ? [shape.grid] : sides.map { try shape.grid(width: $0 * unit, height: $0 * unit) }
        let trials = try grids.map { try EvaluationTrial(model, special: shape.special ?? .firstIDs, grid: $0, prompt) }
        let before = compute.measuredProductLimit(precision)
        for i in 0..<repeats {
            for trial in trials { try trial.run(step: i) }
        }
        let limit = max(before, compute.measuredProductLimit(precision))
        print(String(format: "limit       %.1f GFLOP/s (\(precision.rawValue), this run)", limit / 1e9))
        print(sides.isEmpty ? summary(trials[0], limit) : table(trials, limit))
        if let output {
            try Data(plot(trials).svg.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
        }
    }

    private func summary(_ trial: EvaluationTrial, _ limit: Double) -> String {
        let (least, most) = (trial.times.min() ?? 0, trial.times.max() ?? 0)
        return String(
            format: "evaluation  %.4f s (%.4f ... %.4f), %.3f TFLOP, %.1f GFLOP/s, %.0f %% of the limit", trial.median,
            least, most, trial.operations / 1e12, trial.rate / 1e9, 100 * trial.rate / limit)
    }

    private func table(_ trials: [EvaluationTrial], _ limit: Double) -> String {
        var lines = [
            "\n| image tokens | operations | seconds | of the limit | operations, seconds: times the first's |",
            "|---|---|---|---|---|",
        ]
        for trial in trials {
            lines.append(
                "| \(trial.grid.height) x \(trial.grid.width) "
                    + String(
                        format: "| %.3g TFLOP | %.3g | %.0f %% | %.2f, %.2f |", trial.operations / 1e12, trial.median,
                        100 * trial.rate / limit, trial.operations / trials[0].operations,
                        trial.median / trials[0].median))
        }
        return lines.joined(separator: "\n")
    }

    private func plot(_ trials: [EvaluationTrial]) -> MarksPlot {
        func mark(_ trial: EvaluationTrial, _ series: String, _ seconds: Double) -> MarksPlot.Mark {
            .init(
                series: series, joined: true, x: Double(trial.grid.tokens), y: seconds,
                title: "\(trial.grid.tokens) tokens: \(String(format: "%.2f", seconds)) s")
        }
        // What the first size's rate would make of the others.
        let first = trials[0]
        return MarksPlot(
            marks: trials.map { mark($0, "measured", $0.median) }
                + trials.map { mark($0, "as operations grow", $0.operations / first.rate) },
            label: "seconds an evaluation", logarithmic: true, xLabel: "image tokens")
    }

    private func source() throws -> (ShowO2Geometry, any TensorSource) {
        if let known = ShowO2Geometry.known[geometry] { return (known, RandomWeights(known)) }
        let folder = URL(fileURLWithPath: geometry)
        let weights = try openWeights(in: folder)
        return (try ShowO2Geometry(folder: folder, weights: weights), weights)
    }
}

extension Precision: ExpressibleByArgument {}
