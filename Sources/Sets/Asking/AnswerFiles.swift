public import Foundation
import Synchronization
import Tensors

/// The answers of a set, as JSON lines that grow: one file, or one of each shard beside it (`answers.0-of-4.jsonl`), which are merged.
///
/// A line is added by one write and synced. A file that a killed process left with half a line is cut to its whole ones before it is added to; a lock keeps a second process
/// from adding to the same file.
public final class AnswerFiles: Sendable {
    /// The file that all answers end in.
    public let target: URL
    private let state: Mutex<State>

    private struct State {
        var answers: [Int: SetAnswer] = [:]
        /// How far each file was read, and which one it was: merging puts another in its place.
        var known: [URL: (node: ino_t, end: Int)] = [:]
        var descriptor: Int32 = -1
        var file: URL?
        var length: off_t = 0

        /// Writes bytes behind the last whole line, and waits until the disk has them; the system's error if that fails.
        func write(_ line: Data) -> Int32? {
            var done = 0
            while done < line.count {
                let count = line.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress.map { $0 + done }, line.count - done, length + off_t(done))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count == 0 ? ENOSPC : errno }
                done += count
            }
            if fsync(descriptor) != 0, ![EINVAL, ENOTSUP, EROFS].contains(errno) { return errno }
            return nil
        }

        /// Reads what a file holds beyond what is known of it.
        /// - Returns: where its last whole line ends.
        mutating func read(_ file: URL) throws(SetError) -> Int {
            var status = stat()
            guard stat(file.path, &status) == 0 else { return 0 }
            guard let data = try? Data(contentsOf: file, options: .mappedIfSafe) else {
                throw .foreign("\(file.path) can't be read")
            }
            var start = 0
            if let known = known[file], known.node == status.st_ino, known.end <= data.count { start = known.end }
            let lines = try AnswerLines(data, from: start, of: file.path)
            known[file] = (status.st_ino, lines.end)
            for answer in lines.answers where answers[answer.index].map(answer.isBetter) ?? true {
                answers[answer.index] = answer
            }
            return lines.end
        }
    }

    /// Reads what is there, of all shards; a last line that was cut off is passed over.
    /// - Throws: ``SetError`` for a damaged line within a file.
    public init(_ target: URL) throws(SetError) {
        self.target = target.standardizedFileURL
        var read = State()
        for file in Self.parts(of: self.target) + [self.target] { _ = try read.read(file) }
        state = Mutex(read)
    }

    deinit {
        state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } }
    }

    /// The answers so far, by the questions' places.
    public var answers: [Int: SetAnswer] { state.withLock(\.answers) }

    /// Whether any file is there.
    public static func exist(_ target: URL) -> Bool {
        !parts(of: target).isEmpty
            || ((try? FileManager.default.attributesOfItem(atPath: target.path)[.size] as? Int) ?? 0) > 0
    }

    /// The file that a shard's answers go to.
    static func file(of shard: Shard, _ target: URL) -> URL {
        guard shard != .all else { return target }
        let (stem, ending) = split(target)
        return target.deletingLastPathComponent().appendingPathComponent(
            "\(stem).\(shard.index)-of-\(shard.count)\(ending)")
    }

    private static func split(_ target: URL) -> (stem: String, ending: String) {
        let name = target.lastPathComponent
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return (name, "") }
        return (String(name[..<dot]), String(name[dot...]))
    }

    private static func parts(of target: URL) -> [URL] {
        let (stem, ending) = split(target)
        let folder = target.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { name in
            guard name.hasPrefix(stem + "."), name.hasSuffix(ending), name.count > stem.count + 1 + ending.count else {
                return false
            }
            let numbers = name.dropFirst(stem.count + 1).dropLast(ending.count).components(separatedBy: "-of-")
            return numbers.count == 2 && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(SetFormat.isDigit) }
        }.sorted().map { folder.appendingPathComponent($0) }
    }

    private static func lock(_ file: URL) throws(SetError) -> Int32 {
        let descriptor = Foundation.open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw DiskError.explain(errno, writing: file) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            throw .busy(path: file.path)
        }
        return descriptor
    }

    /// Whether an open file still has its name.
    private static func isNamed(_ file: URL, _ descriptor: Int32) -> Bool {
        var (own, named) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && stat(file.path, &named) == 0 && own.st_ino == named.st_ino
    }

    /// Opens the file of a shard to add to it.
    /// - Throws: ``SetError/busy(path:)``, ``SetError/unwritable(path:reason:disk:)``.
    package func open(_ shard: Shard) throws(SetError) {
        let file = Self.file(of: shard, target)
        var descriptor = try Self.lock(file)
        // Merging may have put another file in its place before this one was locked.
        for _ in 0..<3 where !Self.isNamed(file, descriptor) {
            close(descriptor)
            descriptor = try Self.lock(file)
        }
        do throws(SetError) {
            // Only what a process that had the file before has added since it was read.
            try state.withLock { state throws(SetError) in
                let end = off_t(try state.read(file))
                guard ftruncate(descriptor, end) == 0 else { throw DiskError.explain(errno, writing: file) }
                (state.descriptor, state.file, state.length) = (descriptor, file, end)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Adds an answer. After a failure the file is as it was.
    /// - Throws: ``SetError/unwritable(path:reason:disk:)``.
    package func append(_ answer: SetAnswer) throws(SetError) {
        let line = Self.line(answer)
        try state.withLock { state throws(SetError) in
            guard let file = state.file else { return }
            if let code = AtomicFile.withoutSizeSignal({ state.write(line) }) {
                ftruncate(state.descriptor, state.length)
                throw DiskError.explain(code, writing: file)
            }
            state.length += off_t(line.count)
            state.answers[answer.index] = answer
        }
    }

    /// Writes all answers to the target, each once and in the list's order, if every question has one.
    ///
    /// - Returns: whether that was so.
    @discardableResult
    public func merge(_ set: QuestionSet, _ run: RunFolder) throws(SetError) -> Bool {
        let answers = self.answers
        var contents = Data()
        for index in set.questions.indices {
            guard let answer = answers[index] else { return false }
            contents += Self.line(answer)
        }
        if (try? Data(contentsOf: target)) != contents { try run.write(contents, to: target) }
        return true
    }

    private static func line(_ answer: SetAnswer) -> Data {
        // A struct of texts and whole numbers can always be written.
        (try? StableJSON.line(answer)) ?? Data()
    }
}
