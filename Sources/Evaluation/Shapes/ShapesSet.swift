public import Foundation
import Images
import Tensors

/// ShapesBench's held-out sets: a folder with `prompts.jsonl`, `questions.jsonl` and the images that these name. A set of version 2 says so
/// in `set.json`.
public struct ShapesSet: Sendable {
    /// Which world a set speaks of, and so how its images are read.
    public enum Version: Int, Sendable, Codable {
        /// Six upright shapes, small or large, on plain backgrounds (`Training/world.py`).
        case closed = 1
        /// Those and three letters, turned, in three sizes, on textured backgrounds (`Training/third/world.py`).
        case open = 2
    }

    /// The folder.
    public let folder: URL

    /// A set; nothing is read yet.
    public init(folder: URL) { self.folder = folder }

    /// The files that are there: the two lists and the pictures.
    public var files: [URL] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.lazy.compactMap { $0 as? String }
        return (names.map { Array($0.prefix(20_000)) } ?? [])
            .filter {
                ["prompts.jsonl", "questions.jsonl", "set.json"].contains($0) || $0.hasSuffix(".png")
                    || $0.hasSuffix(".jpg")
            }
            .map { folder.appendingPathComponent($0) }
    }

    /// The set's version: that of `set.json`, or the first where there is none.
    /// - Throws: ``BenchError/unreadable(_:)`` if the file is no such head or names an unknown version.
    public func version() throws(BenchError) -> Version {
        struct Head: Decodable { let version: Int }
        let file = folder.appendingPathComponent("set.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return .closed }
        guard let data = try? Data(contentsOf: file), let head = try? JSONDecoder().decode(Head.self, from: data) else {
            throw .unreadable("\(file.path) has no \"version\"")
        }
        guard let version = Version(rawValue: head.version) else {
            throw .unreadable("\(file.path) is of version \(head.version); this program knows 1 and 2")
        }
        return version
    }

    /// The prompts, interleaved by task: the first n are a fair sample.
    /// - Throws: ``BenchError/unreadable(_:)``, naming the line.
    public func prompts() throws(BenchError) -> [ShapesPrompt] {
        let prompts: [ShapesPrompt] = try lines("prompts.jsonl")
        for (index, prompt) in prompts.enumerated() {
            if let fault = prompt.fault { throw .unreadable("prompts.jsonl, line \(index + 1): \(fault)") }
        }
        return prompts
    }

    /// The questions, those on one image together.
    /// - Throws: ``BenchError/unreadable(_:)``, naming the line.
    public func questions() throws(BenchError) -> [ShapesQuestion] { try lines("questions.jsonl") }

    /// Reads the image of a question.
    /// - Throws: `ImageError`.
    func image(_ name: String) throws -> RGBImage { try RGBImage(contentsOf: folder.listed(name)) }

    /// What names a file's contents, for telling sets apart.
    func fingerprint(_ name: String) -> String { Fingerprint.of([folder.listed(name)]) }

    private func lines<Line: Decodable>(_ name: String) throws(BenchError) -> [Line] {
        let file = folder.appendingPathComponent(name)
        guard let data = try? Data(contentsOf: file) else {
            throw .unreadable("\(file.path) can't be read; --eval-folder names the folder of the set")
        }
        var found: [Line] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let value = try? JSONDecoder().decode(Line.self, from: Data(line)) else {
                throw .unreadable("\(name), line \(index + 1), is not what this set has on a line")
            }
            found.append(value)
        }
        guard !found.isEmpty else { throw .unreadable("\(file.path) is empty") }
        return found
    }
}
