import Compute
package import Foundation
import Pipelines
import Tensors

/// All that was measured, a line a sample, written at once: a run that was killed goes on where it was. A last line that was cut off is dropped.
package final class TuneJournal {
    /// A line.
    private struct Line: Codable {
        var candidate: String
        var task: String
        var set: SampleSet
        var index: Int
        var measured: Measured
        /// Seconds that the run had taken when the line was written.
        var spent: Double
    }

    private struct Header: Codable { let settings: String }

    private let file: URL
    private var handle: FileHandle?
    private var measured: [String: Measured] = [:]
    /// Seconds that earlier runs took.
    package private(set) var spentBefore = 0.0
    private let elapsed: () -> Double

    /// Opens a journal; one of other settings is begun anew.
    ///
    /// - Parameters:
    ///   - settings: all that its numbers depend on.
    ///   - elapsed: seconds that this run took; nil = by the clock, from now on.
    /// - Throws: ``TuneError/journal(_:)``.
    package init(_ file: URL, settings: String, elapsed: (() -> Double)? = nil) throws(TuneError) {
        let start = ContinuousClock.now
        self.file = file
        self.elapsed = elapsed ?? { (ContinuousClock.now - start).inSeconds }
        let refusal = TuneError.journal("cannot keep what is measured in \(file.path)")
        var kept = 0
        if let data = try? Data(contentsOf: file), let end = data.lastIndex(of: UInt8(ascii: "\n")) {
            let lines = data[..<end].split(separator: UInt8(ascii: "\n"))
            let decoder = JSONDecoder()
            if let first = lines.first, let header = try? decoder.decode(Header.self, from: Data(first)),
                header.settings == settings
            {
                kept = end - data.startIndex + 1
                for line in lines.dropFirst() {
                    guard let line = try? decoder.decode(Line.self, from: Data(line)) else { continue }
                    measured[Self.key(line.candidate, line.task, line.set, line.index)] = line.measured
                    spentBefore = max(spentBefore, line.spent)
                }
            }
        }
        if !FileManager.default.fileExists(atPath: file.path) {
            guard FileManager.default.createFile(atPath: file.path, contents: nil) else { throw refusal }
        }
        do {
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: UInt64(kept))
            try handle.seekToEnd()
            if kept == 0 { try handle.write(contentsOf: StableJSON.line(Header(settings: settings))) }
            self.handle = handle
        } catch { throw refusal }
    }

    /// Seconds that this run and those that it goes on from took.
    package var spent: Double { spentBefore + elapsed() }

    /// Whether there is something to go on from.
    package var isResumed: Bool { spentBefore > 0 }

    /// What was measured before, if it was.
    package func known(_ candidate: Candidate, _ task: String, _ set: SampleSet, _ index: Int) -> Measured? {
        measured[Self.key(candidate.title, task, set, index)]
    }

    /// Keeps a measurement.
    /// - Throws: ``TuneError/journal(_:)``, as when the disk is full.
    package func add(_ value: Measured, _ candidate: Candidate, _ task: String, _ set: SampleSet, _ index: Int)
        throws(TuneError)
    {
        measured[Self.key(candidate.title, task, set, index)] = value
        do {
            try handle?.write(
                contentsOf: StableJSON.line(
                    Line(
                        candidate: candidate.title, task: task, set: set, index: index, measured: value, spent: spent)))
        } catch {
            throw .journal("cannot write \(file.path): \((error as NSError).localizedDescription)")
        }
    }

    private static func key(_ candidate: String, _ task: String, _ set: SampleSet, _ index: Int) -> String {
        "\(task) \(set.rawValue) \(index) \(candidate)"
    }
}
