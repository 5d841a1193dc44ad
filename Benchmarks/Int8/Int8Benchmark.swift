import ArgumentParser

/// What 8 bits buy and cost.
@main
struct Int8Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "int8", abstract: "What 8 bits buy and cost.",
        subcommands: [
            Rates.self, Sensitivity.self, Digest.self, RandomFolder.self, Loading.self,
        ])
}
