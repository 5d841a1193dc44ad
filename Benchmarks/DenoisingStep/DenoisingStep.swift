public import ArgumentParser
public import Compute
import Foundation
import ShowO2
import Tensors

/// One evaluation of the velocity (both guidance branches) at a true geometry with random weights: seconds, operations, and the share of
/// the machine's matrix-product rate, measured before and after in the same run.
@main
struct DenoisingStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "denoising-step", abstract: "Benchmark one dense evaluation of the velocity.",
        discussion: "EXAMPLE\n  swift run -c release denoising-step --geometry show-o2-1.5b --precision bf16 -r 3")

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

    func run() throws {
        let compute = try CPUCompute(precision: precision, threads: threads)
        let (shape, weights) = try source()
        let clock = ContinuousClock()
        var start = clock.now
        let model = try ShowO2Model(geometry: shape, weights: weights, compute: compute)
        print("\(shape.name), \(precision), \(compute.threads) threads, \(CPUCompute.instructionSet)")
        print(
            String(
                format: "loaded in %.1f s, %.2f GB packed", (clock.now - start).inSeconds, Double(model.byteCount) / 1e9
            ))

        let special =
            shape.special ?? .firstIDs
        let denoising = try Denoising(
            model: model, special: special, prompts: [Array(repeating: 10, count: prompt)],
            schedule: FlowSchedule(steps: 50, timeShift: 3), grid: shape.grid, guided: true)
        let latents = Tensor(zeros: denoising.latentShape)
        let out = Tensor(zeros: denoising.latentShape)
        try denoising.velocity(latents, step: 0, guidance: 5, into: out)

        let before = compute.measuredProductLimit(precision)
        let operations = compute.meter.reading
        var times: [Double] = []
        for i in 0..<repeats {
            start = clock.now
            try denoising.velocity(latents, step: i % 49, guidance: 5, into: out)
            times.append((clock.now - start).inSeconds)
        }
        let work = Double((compute.meter.reading - operations).total) / Double(repeats)
        let limit = max(before, compute.measuredProductLimit(precision))
        times.sort()
        let median = times[times.count / 2]
        print(
            String(
                format: "evaluation  %.4f s (%.4f ... %.4f), %.3f TFLOP, %.1f GFLOP/s", median, times[0],
                times[times.count - 1], work / 1e12, work / median / 1e9))
        print(
            String(
                format:
                    "limit       %.1f GFLOP/s (\(precision.rawValue), this run); reached %.0f %%",
                limit / 1e9,
                100 * work / median / limit))
    }

    private func source() throws -> (ShowO2Geometry, any TensorSource) {
        if let known = ShowO2Geometry.known[geometry] { return (known, RandomWeights(known)) }
        let folder = URL(fileURLWithPath: geometry)
        let weights = try openWeights(in: folder)
        return (try ShowO2Geometry(folder: folder, weights: weights), weights)
    }
}

extension Precision: ExpressibleByArgument {}
