public import Foundation

/// A folder for a suite's files, which goes with the value: keep it in a property of the suite.
public final class TemporaryFolder: Sendable {
    /// Where it is.
    public let url: URL

    /// Makes it.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A file in it.
    public subscript(name: String) -> URL { url.appendingPathComponent(name) }
}
