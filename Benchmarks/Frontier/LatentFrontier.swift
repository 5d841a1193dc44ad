import ArgumentParser
import Benchmarking
import Compute
import FlashU
import Foundation
import Pipelines
import Tensors

/// `frontier latents`: relative error of the final latents from the solution of the flow, from the same noise.
///
/// The solution is Heun's with many points: what all solvers converge to. Plain Euler has an error of its own, so "exact" is not its 50
/// points.
struct LatentFrontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latents", abstract: "Relative latent error against compute, for generation.",
        discussion:
            "Writes OUTPUT-budgets.md besides: what is nearest within so many seconds.\n\nEXAMPLE\n  frontier latents Models/shapes --prompts Models/shapes/calibration/prompts.txt -o docs/frontier"
    )

    @OptionGroup var options: FrontierOptions

    @Option(help: "Prompts, one a line.")
    var prompts: String

    @Option(help: "Prompts to draw.")
    var limit = 8

    @Option(help: "Points of the reference solution.")
    var reference = 150

    /// What drawing the prompts came to, per image.
    private struct Drawn {
        var latents: [[Float]] = []
        /// Of each image, without its VAE.
        var times: [Double] = []
        var (flops, evaluations, passes) = (0.0, 0, 0.0)

    }

    func run() async throws {
        let configurations = try options.choose(latentConfigurations())
        let model = try await options.load(.f32)
        let lines = try String(contentsOfFile: prompts, encoding: .utf8).split(separator: "\n").prefix(limit)
            .map(String.init)
        let solution = try FrontierConfiguration.solution(points: reference)
        let exact = try await draw(lines, points: solution.points, solution.profile, model).latents
        var table = FrontierTable(
            columns: ["evaluations", "backbone_passes", "gflop", "seconds", "latent_error"], measure: "latent_error",
            label: "relative latent error", logarithmic: true)
        var budgets = LatentBudgets()
        for one in configurations {
            let drawn = try await draw(lines, points: one.points, one.profile, model)
            let errors = zip(drawn.latents, exact).map { LatentError.relative($0, $1) }
            table.add(
                one,
                [
                    Double(drawn.evaluations), drawn.passes, drawn.flops / 1e9, drawn.times.median,
                    errors.reduce(0, +) / Double(lines.count),
                ])
            budgets.entries.append(.init(configuration: one, seconds: drawn.times.median, errors: errors))
        }
        try table.write(options.output)
        try Data(budgets.markdown().utf8).write(
            to: URL(fileURLWithPath: options.output + "-budgets.md"), options: .atomic)
    }

    private func draw(_ prompts: [String], points: Int?, _ profile: AccelerationProfile, _ model: UnifiedModel)
        async throws -> Drawn
    {
        var drawn = Drawn()
        let share = 1 / Double(prompts.count)
        for (i, prompt) in prompts.enumerated() {
            let request = TextToImage.Request(
                prompts: [.text(prompt)], steps: points, seed: UInt64(i), decode: false, profile: profile)
            for try await event in TextToImage(model).generate(request) {
                switch event {
                case .step(let step): drawn.passes += step.trace.head == "computed" ? share : 0
                case .image(let image):
                    drawn.latents.append(image.latents.floats())
                    drawn.flops += share * Double(image.timings.flops)
                    drawn.times.append(image.timings.prefill + image.timings.denoising)
                    drawn.evaluations = image.timings.evaluations
                }
            }
        }
        return drawn
    }
}
