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
        name: .customLong("precision"),
        help: ArgumentHelp(
            "Weights and activations: f32, bf16 (half the memory; sums stay float32), int8 (most attention and FFN layers in 8 bits), or int4 (in 4 bits). (default: bf16)",
            valueName: "precision"))
    var namedPrecision: Precision?

    @Option(name: [.short, .long], help: "Threads; the result does not depend on it. (default: all cores)")
    var threads: Int?

    /// The precision that was asked for, or the usual one.
    var precision: Precision { namedPrecision ?? .bf16 }

    func validate() throws {
        try Bounds.check(threads: threads)
    }

    /// Looks at the model's folder, in which nothing may be written over from then on.
    func open(_ plan: inout FilePlan) throws -> ModelFolder {
        let folder = try ModelFolder(ModelLocation.resolve(model))
        plan.reads(ModelFiles.all(in: folder.url), "a file of the model")
        return folder
    }

    /// Loads what the tasks need of the model, showing progress.
    func load(
        _ folder: ModelFolder, for tasks: ModelTasks = .all, calibrated: Bool = true, precision: Precision? = nil
    ) async throws -> UnifiedModel {
        let progress = ProgressLine("loading")
        let loaded = try await UnifiedModel.load(
            folder, precision: precision ?? self.precision, threads: threads, tasks: tasks, calibrated: calibrated
        ) { progress.show(share: $0) }
        Terminal.clearProgress()
        return loaded
    }
}

extension Precision: ExpressibleByArgument {}
