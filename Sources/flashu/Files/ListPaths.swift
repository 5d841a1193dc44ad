import Foundation

/// Where the files are that a list names.
enum ListPaths {
    /// The folder from which relative paths go: the list's, or the working directory for one from standard input.
    static func folder(of list: URL?) -> URL {
        list?.deletingLastPathComponent() ?? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    }

    /// A path from the list's folder, or, where there is no such file, as it was typed: from the working directory.
    static func nearest(_ typed: String, to list: URL?) -> String {
        guard let list, !typed.hasPrefix("/"), !typed.hasPrefix("~") else { return typed }
        let near = folder(of: list).appendingPathComponent(typed).path
        return FileManager.default.fileExists(atPath: near) ? near : typed
    }
}
