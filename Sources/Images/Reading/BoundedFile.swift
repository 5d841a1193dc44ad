import Foundation

/// Reads files that a user named, whatever they turn out to be.
enum BoundedFile {
    /// The whole file; pipes and devices too, up to the limit.
    static func read(_ url: URL, limits: ImageLimits) throws(ImageError) -> [UInt8] {
        let path = url.path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: systemReason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: systemReason(errno)) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .unreadable(path: path, reason: "it is a folder") }
        let name = url.lastPathComponent
        if Int(status.st_size) > limits.maxFileBytes { throw .fileTooLarge(name: name, limits: limits) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Foundation.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, reason: systemReason(errno)) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limits.maxFileBytes else { throw .fileTooLarge(name: name, limits: limits) }
            bytes += block[..<count]
        }
    }
}

/// A system error in words that name the usual causes plainly.
func systemReason(_ code: Int32) -> String {
    switch code {
    case ENOENT: "no such file or folder"
    case EACCES, EPERM: "permission denied"
    default: String(cString: strerror(code)).lowercased()
    }
}
