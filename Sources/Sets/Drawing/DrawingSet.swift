package import Foundation
import Tensors

/// What is to be drawn: every file, in the list's order, with the seeds of its images. All of it follows from the list, the number of samples and the run's
/// seed.
public struct DrawingSet: Sendable {
    /// A file, and the images in it.
    public struct File: Sendable {
        /// Below the folder.
        public let path: String
        /// Its prompt's place among the items.
        public let item: Int
        /// One of each image in it: cells row by row, two in a row.
        public let seeds: [UInt64]
    }

    /// The layout.
    public let format: SetFormat
    /// The prompts.
    public let items: [SetItem]
    /// What is to be drawn, in the list's order.
    public let files: [File]
    /// Images of a prompt, unless its line says otherwise.
    public let samples: Int
    /// Places of items whose file name is not their prompt word by word, where the scorer reads it from there.
    public let renamed: [Int]

    /// Lays a set out.
    ///
    /// - Parameters:
    ///   - samples: images of a prompt; nil = the format's.
    ///   - seed: the run's.
    /// - Throws: ``SetError`` when the scorer could not read so many samples, or two images would have one name.
    public init(_ format: SetFormat, _ items: [SetItem], samples: Int? = nil, seed: UInt64) throws(SetError) {
        let samples = samples ?? format.samples
        if let allowed = format.allowedSamples, !allowed.contains(samples) {
            throw .request(
                "\(format.name)'s scorer reads \(allowed.map(String.init).joined(separator: " or ")) images a prompt, not \(samples)"
            )
        }
        (self.format, self.items, self.samples) = (format, items, samples)
        var files: [File] = []
        var drawn: [String: Int] = [:]
        var renamed: [Int] = []
        for (index, item) in items.enumerated() {
            let count = item.samples ?? samples
            guard files.count + count <= SetItem.most else {
                throw .request("the set has more than \(SetItem.most) images; split the list")
            }
            let first = drawn[item.prompt] ?? 0
            drawn[item.prompt] = first + count
            let seeds = (0..<count).map { sample in
                item.seed.map { $0 &+ UInt64(sample) }
                    ?? ImageSeed.of(run: seed, prompt: item.prompt, sample: first + sample)
            }
            if format.isGrid {
                files.append(File(path: format.path(item, index, 0, count), item: index, seeds: seeds))
            } else {
                for (sample, seed) in seeds.enumerated() {
                    files.append(File(path: format.path(item, index, sample, count), item: index, seeds: [seed]))
                }
            }
            if format.isRenamed?(item) ?? false { renamed.append(index) }
        }
        var paths: Set<String> = []
        for file in files where !paths.insert(file.path).inserted {
            throw .list(
                place: items[file.item].place, reason: "two images would be called \(file.path.printable(atMost: 60))")
        }
        (self.files, self.renamed) = (files, renamed)
    }

    /// The files of a shard, with their places.
    public func files(of shard: Shard) -> [File] {
        files.enumerated().filter { shard.takes($0.offset) }.map(\.element)
    }

    /// Images of all files.
    public var images: Int { files.reduce(0) { $0 + $1.seeds.count } }

    /// The size of a file in pixels, from the size of a single image.
    public func size(of file: File, width: Int, height: Int) -> (width: Int, height: Int) {
        let item = items[file.item]
        // A line's own side alone makes a square, as an option alone does.
        let (width, height) =
            item.width == nil && item.height == nil
            ? (width, height) : (item.width ?? item.height ?? width, item.height ?? item.width ?? height)
        let columns = min(file.seeds.count, format.isGrid ? 2 : 1)
        return (width * columns, height * ((file.seeds.count + columns - 1) / columns))
    }

    /// Sixteen hex digits for the list: what is drawn, called what.
    public var fingerprint: String {
        var text = ""
        for item in items {
            let own: [String?] = [
                item.id, item.prompt, item.negativePrompt, item.metadata, item.seed.map { "\($0)" },
                item.width.map { "\($0)" }, item.height.map { "\($0)" }, item.steps.map { "\($0)" },
                item.cfgScale.map { "\($0)" }, item.samples.map { "\($0)" },
            ]
            text += own.map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: ",") + "\n"
        }
        return StableHash.hex(text, digits: 16)
    }

    /// A file of metadata that the scorer reads, if the format has such.
    package func metadata(of item: Int) -> (path: String, contents: Data)? {
        guard let path = format.metadataPath?(item), let text = items[item].metadata else { return nil }
        return (path, Data((text + "\n").utf8))
    }
}
