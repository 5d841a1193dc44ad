import Foundation
import Videos

/// What a file that a word may name begins with, so that pictures and videos are told from questions.
enum FileHead {
    /// There is no such file.
    case missing
    /// A pipe, a folder or a device. It is not opened: what was read of it would be missing later.
    case special(isPipe: Bool)
    /// A file that can't be opened.
    case unreadable
    /// The first bytes, ``Videos/VideoFormat/signatureLength`` at most.
    case bytes(Data)

    init(_ word: String) {
        let url = URL(userPath: word)
        var status = stat()
        guard stat(url.path, &status) == 0 else {
            self = .missing
            return
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            self = .special(isPipe: kind == S_IFIFO)
            return
        }
        guard let handle = try? FileHandle(forReadingFrom: url) else {
            self = .unreadable
            return
        }
        defer { try? handle.close() }
        self = (try? handle.read(upToCount: VideoFormat.signatureLength)).map { .bytes($0) } ?? .unreadable
    }
}
