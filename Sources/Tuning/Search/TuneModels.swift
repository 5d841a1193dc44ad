package import Compute
package import Pipelines

/// The model in the precision that is wanted: one at a time, so that tuning takes the memory of one.
package actor TuneModels {
    package nonisolated let folder: ModelFolder
    private let threads: Int?
    private var loaded: (precision: Precision, model: UnifiedModel)?
    /// Models that were loaded.
    package private(set) var loads = 0

    package init(_ folder: ModelFolder, threads: Int?) { (self.folder, self.threads) = (folder, threads) }

    /// The model in a precision.
    /// - Throws: what `UnifiedModel.load` throws.
    package func model(_ precision: Precision) async throws -> UnifiedModel {
        if let loaded, loaded.precision == precision { return loaded.model }
        // The other one's memory goes first.
        loaded = nil
        loads += 1
        let model = try await UnifiedModel.load(folder, precision: precision, threads: threads)
        loaded = (precision, model)
        return model
    }
}
