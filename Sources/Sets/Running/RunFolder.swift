public import Foundation
import Tensors

/// What is kept of a run beside its results, in the folder `RESULTS.run`: `run.json` with all settings and what failed, a file for each failure, and drafts of files on their
/// way. Results stand alone, since scorers take whatever lies beside them for more results.
///
/// Any number of processes on any number of machines may work on one run. `run.json` is made by one of them, with a link that fails where it is there already, and the
/// others compare; a failure has a file of its own, so that none is lost, and the list of them in `run.json` is made from those files.
public struct RunFolder: Sendable {
    /// The results.
    public let results: URL
    /// The folder beside them.
    public let url: URL
    /// Settings and failures.
    public var recordFile: URL { url.appendingPathComponent("run.json") }
    private var failures: URL { url.appendingPathComponent("failed") }

    /// A piece of work that failed.
    public struct Failure: Sendable, Equatable, Codable {
        /// What was to be made: a path below the folder, or a line.
        public let file: String
        /// Why it was not.
        public let error: String

        /// A failure.
        public init(file: String, error: String) { (self.file, self.error) = (file, error) }
    }

    /// The folder of a run whose results are there.
    public init(of results: URL) {
        let plain = results.standardizedFileURL
        self.results = plain
        url = plain.deletingLastPathComponent().appendingPathComponent(plain.lastPathComponent + ".run")
    }

    // MARK: Settings

    /// The settings that the run was begun with; nil if it was not begun.
    /// - Throws: ``SetError`` when the file is damaged.
    public func settings() throws(SetError) -> RunSettings? { try record().map { RunSettings($0.settings) } }

    /// Begins a run, or joins it.
    ///
    /// - Parameter isFresh: asked only when nobody has begun; where results are there already, nobody knows of which run.
    /// - Throws: ``SetError/otherSettings(target:differences:)``, ``SetError/foreign(_:)``, ``SetError/unwritable(path:reason:disk:)``.
    public func begin(_ settings: RunSettings, isFresh: () -> Bool) throws(SetError) {
        if let recorded = try self.settings() { return try Self.compare(recorded, settings, results) }
        guard isFresh() else {
            throw .foreign(
                "\(results.path) holds results, and \(recordFile.path), which would say of which run, is not there; choose another -o"
            )
        }
        do {
            try FileManager.default.createDirectory(at: failures, withIntermediateDirectories: true)
        } catch {
            throw DiskError.explain(error, writing: url)
        }
        let draft = url.appendingPathComponent(".\(UUID().uuidString).tmp")
        defer { unlink(draft.path) }
        try write(RunRecord(settings: settings.fields), to: draft)
        if link(draft.path, recordFile.path) == 0 { return }
        if errno != EEXIST {
            guard Self.meansNoLinks(errno) else { throw DiskError.explain(errno, writing: recordFile) }
            // Who makes the file first has begun, and the others wait for its contents.
            let descriptor = open(recordFile.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                close(descriptor)
                do throws(SetError) {
                    return try write(RunRecord(settings: settings.fields), to: recordFile)
                } catch {
                    unlink(recordFile.path)
                    throw error
                }
            }
            guard errno == EEXIST else { throw DiskError.explain(errno, writing: recordFile) }
        }
        for _ in 0..<100 {
            if let recorded = try? self.settings() { return try Self.compare(recorded, settings, results) }
            usleep(50_000)
        }
        guard let recorded = try self.settings() else { throw .foreign("\(recordFile.path) can't be read") }
        try Self.compare(recorded, settings, results)
    }

    /// Whether an error of `link` says that the file system has no links.
    private static func meansNoLinks(_ code: Int32) -> Bool {
        [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV].contains(code)
    }

    private static func compare(_ recorded: RunSettings, _ asked: RunSettings, _ results: URL) throws(SetError) {
        let differences = recorded.differences(to: asked)
        guard differences.isEmpty else { throw .otherSettings(target: results.path, differences: differences) }
    }

    private func record() throws(SetError) -> RunRecord? {
        guard FileManager.default.fileExists(atPath: recordFile.path) else { return nil }
        guard let data = try? Data(contentsOf: recordFile), data.count < 1 << 28,
            let record = RunRecord(data)
        else {
            throw .foreign(
                "\(recordFile.path) is damaged; remove it together with \(results.path), or choose another -o")
        }
        return record
    }

    // MARK: Failures

    /// What failed and was not made since, by file.
    public func failed() -> [Failure] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: failures.path)) ?? []
        return names.compactMap { name in
            guard name.hasSuffix(".json"), let data = try? Data(contentsOf: failures.appendingPathComponent(name))
            else { return nil }
            return Failure(data)
        }.sorted { ($0.file, $0.error) < ($1.file, $1.error) }
    }

    /// Remembers that a piece of work failed.
    public func add(_ failure: Failure) throws(SetError) {
        try write((try? StableJSON.data(failure)) ?? Data(), to: file(of: failure.file))
    }

    /// Forgets a failure, if there was one.
    public func clear(_ file: String) { unlink(self.file(of: file).path) }

    private func file(of name: String) -> URL {
        failures.appendingPathComponent(StableHash.hex(name, digits: 24) + ".json")
    }

    /// Brings the list of failures in `run.json` up to date. Of processes that do so at once the last one to write looks again, so that the list is right in the end.
    public func tellFailures() throws(SetError) {
        for _ in 0..<20 {
            guard var record = try record() else { return }
            let now = failed()
            if record.failed == now { return }
            record.failed = now
            try write(record, to: recordFile)
        }
    }

    // MARK: Files

    /// Writes a file whole or not at all, through a draft in this folder: nothing that is not finished lies among the results.
    func write(_ data: Data, to file: URL) throws(SetError) {
        let folder = file.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw DiskError.explain(error, writing: file)
        }
        do throws(AtomicFile.Failure) {
            do throws(AtomicFile.Failure) {
                try AtomicFile.write(data, to: file, draftIn: url)
            } catch  where error == .system(EXDEV) {
                // The results are a mount of their own, of the same disk.
                try AtomicFile.write(data, to: file)
            }
        } catch {
            throw DiskError.explain(reason: error.reason, writing: file)
        }
    }

    private func write(_ record: RunRecord, to file: URL) throws(SetError) {
        try write((try? StableJSON.data(record, isPretty: true)) ?? Data(), to: file)
    }

    private static func changed(_ status: stat) -> timespec {
        #if os(Linux)
            status.st_mtim
        #else
            status.st_mtimespec
        #endif
    }

    /// Removes drafts that a process which was killed has left an hour ago or earlier.
    func removeOldDrafts() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            let path = url.appendingPathComponent(name).path
            var status = stat()
            if stat(path, &status) == 0, Double(Self.changed(status).tv_sec) < Date().timeIntervalSince1970 - 3600 {
                unlink(path)
            }
        }
    }
}
