import Foundation
import Tensors

/// What a failed write is told as: with the file, the reason and, where that helps, the disk.
enum DiskError {
    static func explain(_ code: Int32, writing url: URL) -> SetError {
        explain(reason: AtomicFile.Failure.system(code).reason, writing: url)
    }

    static func explain(_ error: any Error, writing url: URL) -> SetError {
        var error = error as NSError
        while error.domain != NSPOSIXErrorDomain, let deeper = error.userInfo[NSUnderlyingErrorKey] as? NSError {
            error = deeper
        }
        if error.domain == NSPOSIXErrorDomain { return explain(Int32(truncatingIfNeeded: error.code), writing: url) }
        return explain(reason: error.localizedDescription.lowercased(), writing: url)
    }

    static func explain(reason: String, writing url: URL) -> SetError {
        let isDisk = [ENOSPC, EDQUOT, EROFS, EIO].contains { reason == AtomicFile.Failure.system($0).reason }
        return .unwritable(path: url.path, reason: reason, disk: isDisk ? mount(of: url) : nil)
    }

    /// Where the disk that a path lies on, or would, is mounted.
    static func mount(of url: URL) -> String? {
        var path = url.standardizedFileURL
        var status = stat()
        while stat(path.path, &status) != 0 {
            guard path.path != "/" else { return nil }
            path = path.deletingLastPathComponent()
        }
        let device = status.st_dev
        while path.path != "/" {
            let parent = path.deletingLastPathComponent()
            guard stat(parent.path, &status) == 0, status.st_dev == device else { break }
            path = parent
        }
        return path.path
    }
}
