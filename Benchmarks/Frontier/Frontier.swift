import ArgumentParser
import Compute
import FlashU
import Foundation
import Pipelines
import Tensors

/// What each acceleration of generation buys and costs, against plain Euler at the same compute: relative error of the final latents
/// from the solution of the flow, floating-point operations and seconds, on a number of prompts from the same noise.
///
/// The solution is Heun's with many points: what all solvers converge to. Plain Euler has an error of its own, so "exact" is not its 50
/// points.
@main
struct Frontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier",
        abstract: "Relative latent error against compute, for solvers, mechanisms and their combinations.",
        discussion:
            "EXAMPLE\n  swift run -c release frontier Models/shapes --prompts Models/shapes/calibration/prompts.txt -o docs/frontier"
    )

    @Argument(help: "The model's folder.")
    var model: String

    @Option(help: "Prompts, one a line.")
    var prompts: String

    @Option(help: "Prompts to draw.")
    var limit = 12

    @Option(help: "Points of the reference solution.")
    var reference = 150

    @Option(name: [.short, .long], help: "Writes OUTPUT.csv and OUTPUT.svg.")
    var output: String

    /// A profile at a number of points.
    struct Configuration {
        let group: String
        let name: String
        let points: Int
        let profile: AccelerationProfile
    }

    /// What it came to.
    struct Result {
        let configuration: Configuration
        let error: Double
        let teraflops: Double
        let seconds: Double
        let evaluations: Int
        let passes: Double
    }

    func run() async throws {
        let loaded = try await UnifiedModel.load(URL(fileURLWithPath: model), precision: .f32)
        let lines = try String(contentsOfFile: prompts, encoding: .utf8).split(separator: "\n").prefix(limit).map(
            String.init)
        func draw(_ configuration: Configuration) async throws -> (latents: [[Float]], result: (Int, Double, Int, Int))
        {
            var latents: [[Float]] = []
            var (flops, seconds, evaluations, passes) = (0, 0.0, 0, 0)
            for (i, line) in lines.enumerated() {
                let request = TextToImage.Request(
                    prompts: [.text(line)], steps: configuration.points, seed: UInt64(i), decode: false,
                    profile: configuration.profile)
                for try await event in TextToImage(loaded).generate(request) {
                    switch event {
                    case .step(let step): passes += step.trace.head == "computed" ? 1 : 0
                    case .image(let image):
                        latents.append(image.latents.floats())
                        flops += image.timings.flops
                        seconds += image.timings.prefill + image.timings.denoising
                        evaluations = image.timings.evaluations
                    }
                }
            }
            return (latents, (flops, seconds, evaluations, passes))
        }
        let heun = try AccelerationProfile.off.setting("schedule.sampler", to: "heun")
        let exact = try await draw(Configuration(group: "", name: "", points: reference, profile: heun)).latents
        var results: [Result] = []
        for configuration in try configurations() {
            let (latents, (flops, seconds, evaluations, passes)) = try await draw(configuration)
            let errors = zip(latents, exact).map { LatentError.relative($0, $1) }
            let count = Double(lines.count)
            let result = Result(
                configuration: configuration, error: errors.reduce(0, +) / count,
                teraflops: Double(flops) / count / 1e12,
                seconds: seconds / count, evaluations: evaluations, passes: Double(passes) / count)
            results.append(result)
            print(
                String(
                    format: "%@ %@ (%d points): error %.4f, %.2f GFLOP, %.3f s", configuration.group,
                    configuration.name,
                    configuration.points, result.error, result.teraflops * 1000, result.seconds))
        }
        var rows = ["group,name,points,evaluations,backbone_passes,gflop,seconds,latent_error"]
        rows += results.map {
            "\($0.configuration.group),\($0.configuration.name),\($0.configuration.points),\($0.evaluations),"
                + String(format: "%.1f,%.3f,%.4f,%.5f", $0.passes, $0.teraflops * 1000, $0.seconds, $0.error)
        }
        try Data((rows.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: output + ".csv"), options: .atomic)
        try Data(FrontierPlot(results: results).svg.utf8).write(
            to: URL(fileURLWithPath: output + ".svg"), options: .atomic)
    }

    private func configurations() throws -> [Configuration] {
        var all: [Configuration] = []
        func add(_ group: String, _ name: String, _ points: Int, _ settings: [String: String]) throws {
            var profile = AccelerationProfile.off
            for (path, value) in settings.sorted(by: { $0.key < $1.key }) {
                profile = try profile.setting(path, to: value)
            }
            all.append(Configuration(group: group, name: name, points: points, profile: profile))
        }
        for sampler in ["euler", "ab2", "dpmpp2m", "unipc"] {
            for points in [50, 40, 35, 28, 20, 17, 12, 10] {
                try add("solver", sampler, points, ["schedule.sampler": sampler])
            }
        }
        for points in [26, 18, 14, 9] { try add("solver", "heun", points, ["schedule.sampler": "heun"]) }
        // Each mechanism alone on 50 points of plain Euler.
        for order in 0...2 {
            for interval in [2, 3, 5] {
                try add(
                    "head cache", order == 0 ? "reuse" : "forecast \(order)", 50,
                    ["headCache.interval": "\(interval)", "headCache.order": "\(order)", "headCache.warmup": "4"])
            }
        }
        for ratio in ["0.1", "0.2", "0.3", "0.5"] {
            try add("pruned FFN", "always", 50, ["ffn.generationRatio": ratio])
        }
        for phase in ["end", "start"] {
            try add("pruned FFN", "full at the \(phase)", 50, ["ffn.generationRatio": "0.2", "ffn.full": phase])
        }
        for ratio in ["0.13", "0.26", "0.5"] {
            try add("layer skipping", "ratio \(ratio)", 50, ["layers.generationRatio": ratio])
        }
        for interval in [2, 3, 5] {
            try add("guidance difference", "every \(interval)", 50, ["guidance.differenceInterval": "\(interval)"])
        }
        for tail in ["0.2", "0.4"] { try add("conditional tail", tail, 50, ["guidance.conditionalTail": tail]) }
        try add(
            "guidance schedule", "0.75 early", 35, ["guidance.earlyFactor": "0.75", "guidance.earlyFraction": "0.7"])
        for order in 0...1 {
            for interval in [2, 4] {
                try add(
                    "features", order == 0 ? "reuse" : "forecast", 50,
                    ["features.interval": "\(interval)", "features.order": "\(order)"])
            }
        }
        // The paper's profile, and without each of its mechanisms.
        let paper = AccelerationProfile.paper
        func without(_ name: String, _ change: (inout AccelerationProfile) -> Void) {
            var profile = paper
            change(&profile)
            all.append(Configuration(group: "paper", name: name, points: 35, profile: profile))
        }
        without("whole") { _ in }
        without("without pruning") { $0.ffn.generationRatio = 0 }
        without("without hybrid FFN") { $0.ffn.full = .never }
        without("without layer skipping") { $0.layers.generationRatio = 0 }
        without("without guidance schedule") { $0.guidance.earlyFactor = 1 }
        without("without head cache") { $0.headCache.interval = 1 }
        // Combinations of what is cheap.
        for points in [35, 24, 17, 12] {
            for sampler in ["ab2", "unipc"] {
                try add(
                    "combined", "\(sampler) + difference every 2", points,
                    ["schedule.sampler": sampler, "guidance.differenceInterval": "2"])
                try add(
                    "combined", "\(sampler) + forecast head 2/1", points,
                    [
                        "schedule.sampler": sampler, "headCache.interval": "2", "headCache.order": "1",
                        "headCache.warmup": "3",
                    ])
            }
        }
        return all
    }
}
