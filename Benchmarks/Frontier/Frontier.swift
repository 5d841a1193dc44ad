import ArgumentParser
import Compute
import FlashU
import Foundation
import Pipelines

/// What each acceleration buys and costs, against the honest rivals at the same compute: fewer steps and multistep solvers for generation, other
/// choices of tokens for understanding. `docs/frontier.md` tells what came out.
@main
struct Frontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier", abstract: "Quality and error against compute, for every mechanism and combination.",
        subcommands: [LatentFrontier.self, DrawingFrontier.self, AnswerFrontier.self, JudgeFrontier.self])
}

/// What all frontiers need to know.
struct FrontierOptions: ParsableArguments {
    @Argument(help: "The model's folder.")
    var model: String

    @Option(help: "Only configurations whose \"group name points\" contain this, or one of several between bars.")
    var only: String?

    @Option(help: "Instead of the usual ones, a profile, as FIELD=VALUE; FIELD=VALUE. May be given several times.")
    var profile: [String] = []

    @Option(name: [.short, .long], help: "Writes OUTPUT.csv and OUTPUT.svg.")
    var output: String

    @Option(name: [.short, .long], help: "Threads; results don't depend on it. (default: all cores)")
    var threads: Int?

    func load(_ precision: Precision) async throws -> UnifiedModel {
        try await UnifiedModel.load(URL(fileURLWithPath: model), precision: precision, threads: threads)
    }

    func choose(_ all: [FrontierConfiguration]) throws -> [FrontierConfiguration] {
        guard profile.isEmpty else {
            return try profile.map {
                FrontierConfiguration(group: "profile", name: $0, points: nil, profile: try .named($0))
            }
        }
        let wanted = only?.split(separator: "|")
        let chosen = all.filter { one in wanted?.contains { one.title.contains($0) } ?? true }
        guard !chosen.isEmpty else { throw ValidationError("--only \(only ?? "") fits no configuration.") }
        return chosen
    }
}
