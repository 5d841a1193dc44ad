public import Foundation
import Images
import Tensors

/// ShapesBench's held-out sets: a folder with `prompts.jsonl`, `questions.jsonl` and the images that these name.
public struct ShapesSet: Sendable {
    /// The folder.
    public let folder: URL

    /// A set; nothing is read yet.
    public init(folder: URL) { self.folder = folder }

    /// The files that are there: the two lists and the pictures.
    public var files: [URL] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.lazy.compactMap { $0 as? String }
        return (names.map { Array($0.prefix(20_000)) } ?? [])
            .filter {
                ["prompts.jsonl", "questions.jsonl"].contains($0) || $0.hasSuffix(".png") || $0.hasSuffix(".jpg")
            }
            .map { folder.appendingPathComponent($0) }
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
    func image(_ name: String) throws -> RGBImage { try RGBImage(contentsOf: folder.appendingPathComponent(name)) }

    /// What names a file's contents, for telling sets apart.
    func fingerprint(_ name: String) -> String { Fingerprint.of([folder.appendingPathComponent(name)]) }

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
