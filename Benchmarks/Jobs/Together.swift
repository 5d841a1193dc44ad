import ArgumentParser
import Benchmarking
import Foundation
import Pipelines
import ShowO2
import Tensors

/// Whether several drawings are faster in one evaluation than one after the other: seconds of an evaluation of one (both guidance branches) and of all
/// together, in turns.
///
///     swift run -c release jobs together --geometry Models/shapes --images 2
struct Together: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option(help: "Drawings that share an evaluation.") var images = 2
    @Option(help: "Pixels a side; the model's own if not given.") var size: Int?
    @Option var repeats = 15

    func run() async throws {
        let model = try await subject.model()
        let geometry = model.geometry
        let grid = try geometry.grid(width: size ?? geometry.imageWidth, height: size ?? geometry.imageHeight)
        let special = try model.specialTokens()
        func denoising(_ count: Int) throws -> (Denoising, Tensor, Tensor) {
            let denoising = try Denoising(
                model: model.network, special: special,
                prompts: (0..<count).map { Array(repeating: 10 + $0, count: 20) },
                schedule: FlowSchedule(steps: 50, timeShift: 3), grid: grid, guided: true)
            return (denoising, Tensor(zeros: denoising.latentShape), Tensor(zeros: denoising.latentShape))
        }
        let (one, all) = (try denoising(1), try denoising(images))
        let clock = ContinuousClock()
        func seconds(_ work: (Denoising, Tensor, Tensor), _ step: Int) throws -> Double {
            try clock.measure { try work.0.velocity(work.1, step: step, guidance: 5, into: work.2) } / .seconds(1)
        }
        _ = try (seconds(one, 0), seconds(all, 0))
        var (alone, together): ([Double], [Double]) = ([], [])
        for i in 0..<repeats {
            alone.append(try seconds(one, i % 49))
            together.append(try seconds(all, i % 49))
        }
        print(
            String(
                format: "%d tokens; one drawing %.4f s, %d together %.4f s: %.2fx as fast as one after the other",
                grid.tokens, alone.median, images, together.median, Double(images) * alone.median / together.median))
    }
}
