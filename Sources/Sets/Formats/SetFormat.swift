public import Foundation

/// A benchmark's layout, as its scorer reads it: how its list of prompts becomes items, and where their images go. What draws, resumes, shards and
/// verifies is the same for all.
public struct SetFormat: Sendable {
    /// What the user calls it.
    public let name: String
    /// Whose layout it is, in a few words.
    public let summary: String
    /// Images of a prompt, unless told otherwise.
    public let samples: Int
    /// Numbers of images of a prompt that the scorer can read; nil = any.
    let allowedSamples: [Int]?
    /// Whether the images of a prompt are cells of one file, two in a row.
    let isGrid: Bool
    /// The ending of the files that are read where a folder is named as the list; nil = a folder is none.
    let folderEnding: String?
    /// Whether several lists may be named.
    public let takesSeveral: Bool
    /// Reads lists.
    let read: @Sendable ([ListFile]) throws(SetError) -> [SetItem]
    /// The path of an image below the folder: of an item, its place in the list, and the place of the sample among so many.
    let path: @Sendable (_ item: SetItem, _ index: Int, _ sample: Int, _ samples: Int) -> String
    /// Where an item's metadata go; nil = nowhere.
    var metadataPath: (@Sendable (_ index: Int) -> String)? = nil
    /// Whether the scorer, which reads prompts from files' names, will read another one than an item's; nil = it reads none.
    var isRenamed: (@Sendable (SetItem) -> Bool)? = nil
    /// Whether the scorer would read a path below the folder, so that what is not of the set is a stray.
    package let isRead: @Sendable (String) -> Bool

    /// All formats, in the order in which they are told of.
    public static let all: [SetFormat] = [.geneval, .dpg, .t2iCompBench, .wise, .folder]

    /// The format of a name; nil = there is none.
    public static func named(_ name: String) -> SetFormat? { all.first { $0.name == name } }

    /// Reads the files of a list: files as they are, of folders those with the format's ending, sorted by name.
    ///
    /// - Parameter named: paths, with what messages call them, and the contents of those that are no folders.
    /// - Throws: ``SetError``.
    public func files(in folder: URL) throws(SetError) -> [ListFile] {
        guard let ending = folderEnding else {
            throw .list(place: folder.path, reason: "it is a folder; \(name) takes a file")
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".\(ending)") && !$0.hasPrefix(".") }.sorted()
        guard !names.isEmpty else { throw .list(place: folder.path, reason: "the folder holds no .\(ending) files") }
        guard names.count <= SetItem.most else { throw .list(place: folder.path, reason: "it holds too many files") }
        var files: [ListFile] = []
        for name in names {
            let url = folder.appendingPathComponent(name)
            guard let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int,
                size <= 16 << 20, let data = try? Data(contentsOf: url)
            else { throw .list(place: url.path, reason: "it can't be read") }
            files.append(ListFile(name: url.path, data: data))
        }
        return files
    }

    /// Reads the items of lists, telling a list of another benchmark.
    /// - Throws: ``SetError``.
    public func items(_ files: [ListFile]) throws(SetError) -> [SetItem] {
        guard let first = files.first else { throw .request("\(name) needs a list of prompts") }
        guard files.count == 1 || takesSeveral || folderEnding != nil else {
            throw .request("\(name) takes one list of prompts, not \(files.count)")
        }
        let items: [SetItem]
        do {
            items = try read(files)
        } catch {
            guard case .list(let place, let reason) = error, let other = ListKind(first), !other.formats.contains(name)
            else { throw error }
            throw .list(
                place: place,
                reason: "\(reason); the list looks like \(other.rawValue)"
                    + (other.formats.first.map { ", try: flashu draw-set \($0)" } ?? ""))
        }
        guard !items.isEmpty else { throw .list(place: first.name, reason: "it holds no prompts") }
        guard items.count <= SetItem.most else {
            throw .list(place: first.name, reason: "it holds \(items.count) prompts; the limit is \(SetItem.most)")
        }
        return items
    }
}
