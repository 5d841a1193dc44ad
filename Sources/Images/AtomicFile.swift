import Foundation

/// Writes a file whole or not at all.
enum AtomicFile {
    /// Writes to a temporary file in the same folder, syncs it, and renames it; a link is followed to its target.
    /// Devices and pipes are written directly.
    static func write(_ data: Data, to url: URL) throws(ImageError) {
        let shown = url.path
        let target = url.resolvingSymlinksInPath()
        var status = stat()
        if stat(target.path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw .unwritable(path: shown, reason: "it is a folder")
            default: return try put(data, at: target.path, flags: O_WRONLY, shown: shown)
            }
        }
        let folder = target.deletingLastPathComponent()
        let draft = folder.appendingPathComponent(".\(UUID().uuidString).tmp").path
        do throws(ImageError) {
            try put(data, at: draft, flags: O_WRONLY | O_CREAT | O_EXCL, shown: shown)
            guard rename(draft, target.path) == 0 else {
                throw ImageError.unwritable(path: shown, reason: systemReason(errno))
            }
        } catch {
            unlink(draft)
            throw error
        }
    }

    private static func put(_ data: Data, at path: String, flags: Int32, shown: String) throws(ImageError) {
        let descriptor = open(path, flags | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = errno == ENOENT ? "the folder does not exist" : systemReason(errno)
            throw .unwritable(path: shown, reason: reason)
        }
        defer { close(descriptor) }
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(path: shown, reason: systemReason(errno)) }
            rest = rest.dropFirst(count)
        }
        // Devices and pipes cannot be synced, which is no failure.
        if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
            throw .unwritable(path: shown, reason: systemReason(errno))
        }
    }
}
