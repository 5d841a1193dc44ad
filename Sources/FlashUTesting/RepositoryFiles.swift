public import Foundation

/// Files of the repository, which is there when tests run.
public enum RepositoryFiles {
    /// The folder of `Package.swift`.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A file under `Tests/Resources`.
    public static func resource(_ path: String) -> URL { root.appending(path: "Tests/Resources/" + path) }
}
