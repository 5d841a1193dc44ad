import Foundation
import Tensors

/// A file of verdicts, one JSON object a line, that grows as samples are done: the first line holds the settings. A run that goes on with it
/// skips what it holds. A last line that was cut off is dropped.
struct BenchRecord {
    private struct Header: Codable { let settings: BenchSettings }

    private let file: URL
    private let settings: BenchSettings
    /// Bytes of whole lines.
    private var length: UInt64 = 0
    /// The verdicts found, by their place in the set.
    private(set) var samples: [Int: BenchSample] = [:]

    private static let largest = 1 << 28

    /// Opens a record, or prepares a new one; nothing is written yet.
    /// - Throws: ``BenchError`` when the file is something else or was made with other settings.
    init(_ file: URL, settings: BenchSettings) throws(BenchError) {
        self.file = file
        self.settings = settings
        guard FileManager.default.fileExists(atPath: file.path), let contents = try Self.read(file) else { return }
        if let difference = contents.settings.difference(from: settings) {
            throw .otherSettings(
                file: file.path, field: difference.field, recorded: difference.own, asked: difference.other)
        }
        (samples, length) = (contents.samples, contents.length)
    }

    /// The settings and verdicts of a record, and the bytes of its whole lines; nil for an empty file.
    /// - Throws: ``BenchError/unreadable(_:)`` when there is none, or the file is something else.
    static func read(_ file: URL) throws(BenchError) -> (
        settings: BenchSettings, samples: [Int: BenchSample], length: UInt64
    )? {
        let foreign = BenchError.unreadable("\(file.path) is not a record of flashu eval; name another file")
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let size = attributes?[.size] as? Int, size < Self.largest, let data = try? Data(contentsOf: file)
        else { throw foreign }
        guard !data.isEmpty else { return nil }
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { throw foreign }
        let lines = data[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first, let header = try? JSONDecoder().decode(Header.self, from: Data(first)) else {
            throw foreign
        }
        var samples: [Int: BenchSample] = [:]
        for (index, line) in lines.enumerated().dropFirst() {
            guard let sample = try? JSONDecoder().decode(BenchSample.self, from: Data(line)) else {
                throw .unreadable("\(file.path), line \(index + 1), is damaged; name another file, or remove it")
            }
            if samples[sample.index] == nil { samples[sample.index] = sample }
        }
        return (header.settings, samples, UInt64(end - data.startIndex) + 1)
    }

    /// Adds a verdict, at once.
    /// - Throws: ``BenchError/unwritable(_:)``, as when the disk is full.
    mutating func append(_ sample: BenchSample) throws(BenchError) {
        samples[sample.index] = sample
        do {
            var lines = Data()
            if length == 0 { lines += try StableJSON.line(Header(settings: settings)) }
            lines += try StableJSON.line(sample)
            if !FileManager.default.fileExists(atPath: file.path) {
                guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
                    throw BenchError.unwritable("cannot write \(file.path)")
                }
            }
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            try handle.truncate(atOffset: length)
            try handle.seek(toOffset: length)
            try handle.write(contentsOf: lines)
            length += UInt64(lines.count)
        } catch {
            throw .unwritable("cannot write \(file.path): \((error as NSError).localizedDescription)")
        }
    }
}
