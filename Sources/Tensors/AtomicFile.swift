package import Foundation

/// Writes files whole or not at all: the one way in which results, of whatever kind, come to the disk.
///
/// Contents go to a temporary file beside the target, which is synced and then takes its name; whoever looks sees the old
/// file or the new one, and after an error the old one. What the user set up is respected:
/// - **Links** are followed: the file that a link names is replaced and the link stays; where it dangles, the file it
///   names is made.
/// - **Mode and owner** of a file that is replaced are kept; a new one has what the umask leaves of 0666.
/// - **Read-only files** (no write bit at all, or no permission) are refused, although their folder would let them be
///   replaced; root is refused too.
/// - **Other names** of the same file (hard links) show the new contents: such a file is overwritten in place, after the
///   disk has set the space aside. So is one in a folder that takes no new files, one mounted by itself, and one whose
///   owner could not be kept. Only there can a crash or a failing disk in mid-copy mix old and new.
/// - **Devices and pipes** are written directly.
package enum AtomicFile {
    /// Why a file was not written.
    package struct Failure: Error, Equatable {
        /// In a few words, to stand behind "cannot write PATH: ".
        package let reason: String

        package init(reason: String) { self.reason = reason }
    }

    /// Where the contents go.
    package struct Output {
        fileprivate let descriptor: Int32

        /// Appends the bytes.
        package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let count = Foundation.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Failure.system(count == 0 ? ENOSPC : errno) }
                done += count
            }
        }
    }

    /// Writes the data.
    /// - Parameter folder: where the temporary file lies meanwhile; nil, or a folder on another disk, = beside the target.
    /// - Throws: ``Failure``; then an older file is as it was and nothing temporary is left.
    package static func write(_ data: Data, to url: URL, draftIn folder: URL? = nil) throws(Failure) {
        do {
            try write(to: url, draftIn: folder) { output in
                try data.withUnsafeBytes { try output.write($0) }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(reason: "\(error)")
        }
    }

    /// Lets `body` write.
    /// - Parameters:
    ///   - allowsDevices: whether something that is no regular file may be written to.
    ///   - folder: where the temporary file lies meanwhile; nil, or a folder on another disk, = beside the target.
    /// - Throws: ``Failure`` or what `body` threw; then an older file is as it was and nothing temporary is left.
    package static func write(
        to url: URL, allowsDevices: Bool = true, draftIn folder: URL? = nil, _ body: (Output) throws -> Void
    ) throws {
        try withoutSizeSignal {
            let target = try FileTarget(url.path)
            if let device = target.device {
                guard allowsDevices else { throw Failure(reason: "something that is no regular file has that name") }
                return try writeDirectly(device, body)
            }
            let draft = try Draft(for: target, in: folder?.path)
            do {
                try body(Output(descriptor: draft.descriptor))
                try draft.finish(target)
            } catch {
                draft.discard()
                throw error
            }
        }
    }

    /// Refuses, without writing anything, what could not be written later: folders, missing folders, read-only files,
    /// names that are too long.
    package static func check(_ url: URL) throws(Failure) {
        let target = try FileTarget(url.path)
        if target.device != nil { return }
        let canMakeFiles = faccessat(AT_FDCWD, target.folder, W_OK | X_OK, AT_EACCESS) == 0
        // A file that exists and may be written is overwritten in place where its folder takes no others.
        guard canMakeFiles || target.status != nil else { throw .system(errno) }
    }

    private static func writeDirectly(_ path: String, _ body: (Output) throws -> Void) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.system(errno) }
        defer { close(descriptor) }
        try body(Output(descriptor: descriptor))
        try sync(descriptor)
    }

    /// Devices, pipes and some file systems cannot be synced, which is no failure.
    fileprivate static func sync(_ descriptor: Int32) throws(Failure) {
        if fsync(descriptor) != 0, ![EINVAL, ENOTSUP, EROFS].contains(errno) { throw .system(errno) }
    }

    /// A file that grows beyond the user's limit (`ulimit -f`) is an error like others; the signal would end the process
    /// and leave the temporary file.
    package static func withoutSizeSignal<Result>(_ body: () throws -> Result) rethrows -> Result {
        var signals = sigset_t()
        var before = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGXFSZ)
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        defer {
            if sigismember(&before, SIGXFSZ) == 0 {
                var pending = sigset_t()
                sigpending(&pending)
                var number: Int32 = 0
                if sigismember(&pending, SIGXFSZ) == 1 { sigwait(&signals, &number) }
                pthread_sigmask(SIG_SETMASK, &before, nil)
            }
        }
        return try body()
    }
}

extension AtomicFile.Failure {
    /// A system error in words that name the usual causes plainly.
    package static func system(_ code: Int32) -> Self {
        switch code {
        case ENOENT: Self(reason: "the folder does not exist")
        case EACCES, EPERM: Self(reason: "permission denied")
        default: Self(reason: String(cString: strerror(code)).lowercased())
        }
    }
}

/// What a path leads to, links followed.
private struct FileTarget {
    /// The file itself, no link; it need not exist.
    let path: String
    /// Of the regular file that is there.
    let status: stat?
    /// Something that is no regular file, or a regular one without a name: a path to open and write to.
    let device: String?

    var folder: String {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return folder.isEmpty ? "." : folder
    }

    init(_ path: String) throws(AtomicFile.Failure) {
        var found = stat()
        guard stat(path, &found) == 0 else {
            guard errno == ENOENT else { throw .system(errno) }
            self.path = try Self.end(of: path)
            (status, device) = (nil, nil)
            var parent = stat()
            guard stat(folder, &parent) == 0 else { throw .system(errno) }
            return
        }
        switch found.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw AtomicFile.Failure(reason: "it is a folder")
        default:
            (self.path, status, device) = (path, nil, path)
            return
        }
        guard found.st_mode & 0o222 != 0 else { throw AtomicFile.Failure(reason: "it is read-only") }
        guard faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 else { throw .system(errno) }
        var real = stat()
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        if let resolved, stat(resolved, &real) == 0, real.st_ino == found.st_ino, real.st_dev == found.st_dev {
            (self.path, status, device) = (String(cString: resolved), found, nil)
        } else {
            // Such as /dev/stdout, redirected to a file that has no name any more.
            (self.path, status, device) = (path, nil, path)
        }
    }

    /// The name at the end of a chain of links, where nothing is yet.
    private static func end(of path: String) throws(AtomicFile.Failure) -> String {
        var path = path
        for _ in 0..<40 {
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return 0 }
                return readlink(path, base, bytes.count)
            }
            guard count > 0 else { return path }
            let target = String(decoding: buffer[..<count], as: UTF8.self)
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            path = target.hasPrefix("/") ? target : folder.path + "/" + target
        }
        throw .system(ELOOP)
    }
}

/// A temporary file that becomes the target.
private struct Draft {
    let descriptor: Int32
    private let path: String
    /// Whether it lies in the target's folder, so that it can be renamed.
    private let isBeside: Bool

    /// - Parameter folder: where to lie, if that is on the target's disk.
    init(for target: FileTarget, in folder: String?) throws(AtomicFile.Failure) {
        var places = [folder.flatMap { Self.areOnOneDisk($0, target.folder) ? $0 : nil } ?? target.folder]
        // A file in a folder that takes no new ones is overwritten in place; its contents are prepared elsewhere.
        if target.status != nil { places.append(FileManager.default.temporaryDirectory.path) }
        var reason: Int32 = 0
        for (index, folder) in places.enumerated() {
            for _ in 0..<16 {
                let name = String(UInt64.random(in: 0...(.max)), radix: 16)
                let path = "\(folder)/.flashu-\(name).tmp"
                // Made by name, not with mkstemp, so that the umask applies; elsewhere it is nobody's business.
                let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, index == 0 ? 0o666 : 0o600)
                if descriptor >= 0 {
                    (self.descriptor, self.path, isBeside) = (descriptor, path, index == 0)
                    return
                }
                if errno != EEXIST { break }
            }
            if index == 0 { reason = errno }
            guard [EACCES, EPERM, EROFS].contains(errno) else { break }
        }
        throw .system(reason)
    }

    private static func areOnOneDisk(_ a: String, _ b: String) -> Bool {
        var (one, two) = (stat(), stat())
        return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev
    }

    /// Gives the draft the target's name, or the target the draft's contents.
    func finish(_ target: FileTarget) throws(AtomicFile.Failure) {
        if let status = target.status, !isBeside || status.st_nlink > 1 || !adopt(status) {
            try overwrite(target, status)
            return discard()
        }
        try AtomicFile.sync(descriptor)
        guard rename(path, target.path) == 0 else {
            // A file that is a mount of its own cannot be replaced.
            guard errno == EBUSY, let status = target.status else { throw .system(errno) }
            try overwrite(target, status)
            return discard()
        }
        close(descriptor)
        let folder = open(target.folder, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Closes and removes the draft.
    func discard() {
        close(descriptor)
        unlink(path)
    }

    /// Takes over the owner and the permissions of the file that is there; false if that is not allowed.
    private func adopt(_ status: stat) -> Bool {
        var own = stat()
        guard fstat(descriptor, &own) == 0 else { return false }
        if own.st_uid != status.st_uid || own.st_gid != status.st_gid,
            fchown(descriptor, status.st_uid, status.st_gid) != 0
        {
            return false
        }
        // Not the bits that lend another user's rights: those were given to the old contents.
        return fchmod(descriptor, status.st_mode & 0o1777) == 0
    }

    /// Sets the disk space aside that a file needs to grow; 0, or what `errno` would say.
    private static func setAside(_ file: Int32, from bytes: off_t, to more: off_t) -> Int32 {
        #if os(Linux)
            return posix_fallocate(file, 0, more)
        #else
            var space = fstore_t(
                fst_flags: UInt32(F_ALLOCATEALL), fst_posmode: F_PEOFPOSMODE, fst_offset: 0, fst_length: more - bytes,
                fst_bytesalloc: 0)
            if fcntl(file, F_PREALLOCATE, &space) != -1 { return 0 }
            return errno == ENOTSUP ? EOPNOTSUPP : errno
        #endif
    }

    /// Copies the draft into the file itself.
    private func overwrite(_ target: FileTarget, _ status: stat) throws(AtomicFile.Failure) {
        var own = stat()
        guard fstat(descriptor, &own) == 0 else { throw .system(errno) }
        let file = open(target.path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(errno) }
        defer { close(file) }
        if own.st_size > status.st_size {
            // Space first: nothing is touched if the disk is full. Some file systems cannot promise it.
            let reason = Self.setAside(file, from: status.st_size, to: own.st_size)
            if reason != 0, reason != EINVAL, reason != EOPNOTSUPP {
                ftruncate(file, status.st_size)
                throw .system(reason)
            }
        }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var offset: off_t = 0
        while offset < own.st_size {
            let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(EIO) }
            var done = 0
            while done < count {
                let written = block.withUnsafeBytes { bytes in
                    pwrite(file, bytes.baseAddress.map { $0 + done }, count - done, offset + off_t(done))
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw .system(written == 0 ? ENOSPC : errno) }
                done += written
            }
            offset += off_t(count)
        }
        guard ftruncate(file, own.st_size) == 0 else { throw .system(errno) }
        try AtomicFile.sync(file)
    }
}
