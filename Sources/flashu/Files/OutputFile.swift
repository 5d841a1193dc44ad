import Foundation
import Tensors

/// A file that a command writes, or standard output.
struct OutputFile: Sendable {
    /// The option that named it.
    let role: String
    /// As it was typed, or numbered.
    let name: String
    /// Where it is; nil = standard output.
    let url: URL?

    /// - Parameter typed: as the user typed it; `-` is standard output.
    init(_ typed: String, _ role: String) {
        self.role = role
        name = typed
        url = Self.isStandard(typed) ? nil : URL(userPath: typed)
    }

    /// Whether a name stands for standard output.
    static func isStandard(_ typed: String) -> Bool {
        ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(typed)
    }

    /// What messages call it.
    var shown: String { url?.path ?? "standard output" }

    /// Writes all or nothing; a signal waits for its end.
    func write(_ data: Data) throws {
        guard let url else { return try Terminal.write(data) }
        do {
            try Interruption.whileWriting { try AtomicFile.write(data, to: url) }
        } catch let failure as AtomicFile.Failure {
            throw CommandError("cannot write \(url.path): \(failure.reason)")
        }
    }

    /// Writes a text and a line break.
    func write(line text: String) throws { try write(Data((text + "\n").utf8)) }

    /// Writes a safetensors file. What is no regular file gets it through a temporary one.
    func write(_ tensors: [(name: String, tensor: Tensor)]) throws {
        var status = stat()
        if let url, stat(url.path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG {
            return try Interruption.whileWriting { try SafetensorsWriter.write(tensors, to: url) }
        }
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        try Interruption.whileWriting { try SafetensorsWriter.write(tensors, to: copy) }
        try write(Data(contentsOf: copy))
    }

    /// Refuses what could not be written later.
    ///
    /// - Parameter probed: folders that are known to take files; more are added.
    func check(_ probed: inout Set<String>) throws(CommandError) {
        guard let url else { return }
        guard !name.isEmpty else { throw CommandError("\(role) names no file") }
        func refusal(_ reason: String) -> CommandError { CommandError("cannot write \(url.path): \(reason)") }
        guard !name.utf8.contains(0) else { throw refusal("its name holds a zero byte") }
        guard !name.hasSuffix("/") else { throw refusal("it names a folder; name a file") }

        let path = FileIdentity.followingLinks(url.path)
        var status = stat()
        if stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFDIR: throw refusal("it is a folder; name a file")
            case S_IFREG:
                let descriptor = open(path, O_WRONLY | O_CLOEXEC)
                defer { if descriptor >= 0 { close(descriptor) } }
                guard status.st_mode & 0o222 != 0, descriptor >= 0 else { throw refusal("it is read-only") }
            default: guard access(path, W_OK) == 0 else { throw refusal("no permission to write it") }
            }
            return
        } else if errno != ENOENT && errno != ENOTDIR && errno != EACCES {
            throw refusal(
                errno == ENAMETOOLONG ? "its name is too long" : String(cString: strerror(errno)).lowercased())
        }
        let folder = PathName.split(path).folder
        guard !probed.contains(folder) else { return }
        guard stat(folder, &status) == 0 else {
            if errno == ENOTDIR { throw refusal("\(folder.dropLast()) is a file, not a folder") }
            throw refusal(
                errno == ENOENT
                    ? "the folder \(shownFolder(folder)) does not exist" : String(cString: strerror(errno)).lowercased()
            )
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw refusal("\(shownFolder(folder)) is a file, not a folder")
        }
        // Only trying tells: permissions, attributes, read-only disks and those of the system.
        let trial = folder + ".\(UUID().uuidString).tmp"
        let descriptor = open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw refusal("no permission to write in \(shownFolder(folder)), or its disk is read-only")
        }
        close(descriptor)
        unlink(trial)
        probed.insert(folder)
    }

    private func shownFolder(_ folder: String) -> String {
        folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }
}
