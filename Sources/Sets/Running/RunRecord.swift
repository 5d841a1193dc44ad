package import Foundation

/// The contents of `run.json`.
package struct RunRecord: Codable, Equatable {
    /// All that the results depend on, by name.
    package var settings: [String: String]
    /// What failed and was not made since.
    package var failed: [RunFolder.Failure]

    /// Of a run that begins.
    init(settings: [String: String]) { (self.settings, failed) = (settings, []) }

    /// Reads a record back; nil if it is damaged.
    package init?(_ data: Data) {
        guard let record = try? JSONDecoder().decode(RunRecord.self, from: data) else { return nil }
        self = record
    }
}

extension RunFolder.Failure {
    /// Reads a failure's own file back; nil if it is damaged.
    package init?(_ data: Data) {
        guard let failure = try? JSONDecoder().decode(RunFolder.Failure.self, from: data) else { return nil }
        self = failure
    }
}
