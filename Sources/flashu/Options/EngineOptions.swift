public import ArgumentParser
public import Compute
import Foundation
import Pipelines
import ShowO2

/// Options that all commands which run a model share.
struct EngineOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The model's folder. (default: $FLASHU_MODEL, else the embedded shapes model)", valueName: "folder"),
        completion: .directory)
    var model: String?

    @Option(
        help:
            "Weights and activations: f32, bf16 (half the memory; sums stay float32), or int8 (most attention and FFN layers in 8 bits)."
    )
    var precision: Precision = .bf16

    @Option(name: [.short, .long], help: "Threads; the result does not depend on it. (default: all cores)")
    var threads: Int?

    func validate() throws {
        try Bounds.check(threads: threads)
    }

    /// Loads what the tasks need of the model, showing progress.
    func load(for tasks: ModelTasks = .all, calibrated: Bool = true) async throws -> UnifiedModel {
        let folder = try ModelLocation.resolve(model)
        let progress = ProgressLine("loading")
        let loaded = try await UnifiedModel.load(
            folder, precision: precision, threads: threads, tasks: tasks, calibrated: calibrated
        ) { progress.show(share: $0) }
        Terminal.clearProgress()
        return loaded
    }
}

extension Precision: ExpressibleByArgument {}

/// Where the model is.
enum ModelLocation {
    /// The folder that the user named, or $FLASHU_MODEL, or the embedded model near the executable or the working directory.
    static func resolve(_ named: String?) throws -> URL {
        if let named = named ?? ProcessInfo.processInfo.environment["FLASHU_MODEL"], !named.isEmpty {
            return URL(userPath: named)
        }
        let start = [
            URL(fileURLWithPath: FileManager.default.currentDirectoryPath),
            URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent(),
        ]
        for var folder in start {
            for _ in 0..<6 {
                let candidate = folder.appendingPathComponent("Models/shapes")
                if FileManager.default.fileExists(atPath: candidate.appendingPathComponent("config.json").path) {
                    return candidate
                }
                folder = folder.deletingLastPathComponent()
            }
        }
        throw CommandError(
            "no model given and Models/shapes is not near; name a folder with --model DIR or $FLASHU_MODEL")
    }
}
