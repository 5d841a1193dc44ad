import Foundation
import Tensors

/// A file that a command reads, or standard input.
struct InputFile {
    /// The option or argument that named it.
    let role: String
    /// Where it is; nil = standard input.
    let url: URL?

    /// - Parameter typed: as the user typed it; `-` is standard input.
    /// - Throws: ``CommandError`` for nothing, and for addresses of the web.
    init(_ typed: String, _ role: String) throws(CommandError) {
        guard !typed.isEmpty else { throw CommandError("\(role) names no file") }
        try Self.refuse(webAddress: typed)
        self.role = role
        url = Self.isStandard(typed) ? nil : URL(userPath: typed)
    }

    /// Whether a name stands for standard input.
    static func isStandard(_ typed: String) -> Bool {
        ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(typed)
    }

    /// What messages call it.
    var shown: String { url?.path ?? "standard input" }

    /// All of it.
    /// - Throws: ``CommandError`` when it can't be read or is longer than `limit` bytes.
    func data(limit: Int) throws(CommandError) -> Data {
        guard let url else { return try Self.read(0, shown: shown, limit: limit) }
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = errno == ENOENT ? "there is no such file" : String(cString: strerror(errno)).lowercased()
            throw CommandError("\(role): cannot read \(shown): \(reason)")
        }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw CommandError("\(role): cannot read \(shown): it is a folder, not a file")
        }
        return try Self.read(descriptor, shown: shown, limit: limit)
    }

    /// Its tensors. Those of standard input and of pipes go through a temporary file, which is removed at once.
    /// - Throws: `WeightError` or ``CommandError``.
    func tensors() throws -> any TensorSource {
        var status = stat()
        if let url, stat(url.path, &status) != 0 || status.st_mode & S_IFMT != S_IFIFO {
            return try openWeights(file: url)
        }
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        let data = try data(limit: 1 << 30)
        guard !data.isEmpty else { throw CommandError("\(role): \(shown) is empty") }
        do {
            try data.write(to: copy)
        } catch {
            throw CommandError("cannot keep \(shown): \((error as NSError).localizedDescription)")
        }
        return try openWeights(file: copy)
    }

    /// Whether a word is an address of the web rather than a file's name.
    static func isWebAddress(_ word: String) -> Bool {
        guard let colon = word.range(of: "://") else { return word.lowercased().hasPrefix("data:image/") }
        let scheme = word[..<colon.lowerBound]
        return !scheme.isEmpty && !word.contains(where: \.isWhitespace)
            && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            && !FileManager.default.fileExists(atPath: word)
    }

    private static func refuse(webAddress word: String) throws(CommandError) {
        guard isWebAddress(word) else { return }
        throw CommandError(
            word.lowercased().hasPrefix("file:")
                ? "\(word) is a URL; name the file by its path"
                : "\(word.prefix(200)) is a URL; download it first, and name the file")
    }

    private static func read(_ descriptor: Int32, shown: String, limit: Int) throws(CommandError) -> Data {
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        var data = Data()
        do {
            while let more = try handle.read(upToCount: 1 << 20), !more.isEmpty {
                data += more
                if data.count > limit { break }
            }
        } catch {
            throw CommandError("cannot read \(shown): \((error as NSError).localizedDescription)")
        }
        guard data.count <= limit else { throw CommandError("\(shown) is longer than \(limit >> 20) MiB") }
        return data
    }
}
