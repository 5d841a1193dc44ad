import Foundation

/// Where results go, checked before any work is done.
enum OutputFiles {
    /// `out.png` for one file, `out-1.png`, `out-2.png`, ... for several.
    static func names(_ path: String, count: Int) -> [URL] {
        let url = URL(userPath: path)
        guard count > 1 else { return [url] }
        let stem = url.deletingPathExtension()
        return (1...count).map {
            URL(fileURLWithPath: "\(stem.path)-\($0)" + (url.pathExtension.isEmpty ? "" : ".\(url.pathExtension)"))
        }
    }

    /// Refuses what could not be written later.
    static func check(_ url: URL) throws(CommandError) {
        var isFolder: ObjCBool = false
        let parent = url.deletingLastPathComponent()
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) {
            if isFolder.boolValue { throw CommandError("cannot write \(url.path): it is a folder; name a file") }
            // A device such as /dev/null is written directly, everything else through a new file beside it.
            if !isRegularFile(url), access(url.path, W_OK) == 0 { return }
        }
        guard FileManager.default.fileExists(atPath: parent.path, isDirectory: &isFolder) else {
            throw CommandError("cannot write \(url.path): the folder \(parent.path) does not exist")
        }
        guard isFolder.boolValue else {
            throw CommandError("cannot write \(url.path): \(parent.path) is a file, not a folder")
        }
        guard access(parent.path, W_OK) == 0 else {
            throw CommandError(
                "cannot write \(url.path): no permission to write in \(parent.path), or its disk is read-only")
        }
    }

    /// Writes a text, whole or not at all.
    static func write(_ text: String, to url: URL) throws(CommandError) {
        do {
            let isDevice = FileManager.default.fileExists(atPath: url.path) && !isRegularFile(url)
            try Data(text.utf8).write(to: url, options: isDevice ? [] : .atomic)
        } catch {
            throw CommandError("cannot write \(url.path): \((error as NSError).localizedDescription)")
        }
    }

    private static func isRegularFile(_ url: URL) -> Bool {
        var status = stat()
        return stat(url.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
