import ArgumentParser
import Foundation

/// Where results go, checked before any work is done.
enum OutputFiles {
    /// `out.png` for one file, `out-1.png`, `out-2.png`, ... for several.
    static func names(_ path: String, count: Int) -> [URL] {
        let url = URL(fileURLWithPath: (path as NSString).expandingTildeInPath)
        guard count > 1 else { return [url] }
        let stem = url.deletingPathExtension()
        return (1...count).map {
            URL(fileURLWithPath: "\(stem.path)-\($0)" + (url.pathExtension.isEmpty ? "" : ".\(url.pathExtension)"))
        }
    }

    /// Refuses what could not be written later.
    static func check(_ url: URL) throws {
        var isFolder: ObjCBool = false
        let parent = url.deletingLastPathComponent()
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
            throw ValidationError("\(url.path) is a folder; name a file.")
        }
        guard FileManager.default.fileExists(atPath: parent.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError("cannot write \(url.path): the folder \(parent.path) does not exist.")
        }
        guard access(parent.path, W_OK) == 0 else {
            throw ValidationError("cannot write \(url.path): no permission to write in \(parent.path).")
        }
    }
}
