public import Foundation

/// Tensors spread over several files that are read as one.
public struct ShardedWeights: TensorSource {
    /// The index file's path, or the folder's if there is none.
    public let location: String
    /// The names of all tensors that can be read, file after file.
    public let names: [String]
    /// What the files can't read, and what an index promises but no file has.
    public let unreadable: [String: String]
    private let owners: [String: Int]
    private let shards: [any TensorSource]

    /// Opens all files that an index (`*.index.json`, Hugging Face's `weight_map`) names.
    ///
    /// A file that is missing, or lacks a tensor that it should have, is of no account until somebody asks for the tensor.
    ///
    /// - Throws: ``WeightError``: an index that is no index or names files outside its folder, or none of whose files are there.
    public init(index url: URL) throws(WeightError) {
        let map = try Self.weightMap(MappedFile(url: url))
        let folder = url.deletingLastPathComponent()
        let files = Array(Set(map.map(\.file))).sorted()
        let absent = files.filter { !FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) }
        guard absent.count < files.count else { throw .missingShards(folder: folder.path, shards: absent) }
        var shards: [any TensorSource] = []
        var positions: [String: Int] = [:]
        for file in files where !absent.contains(file) {
            positions[file] = shards.count
            shards.append(try openWeights(shard: folder.appendingPathComponent(file)))
        }
        var owners: [String: Int] = [:]
        var unreadable: [String: String] = [:]
        for (name, file) in map {
            if let position = positions[file] {
                if let reason = shards[position].unreadable[name] {
                    unreadable[name] = reason
                } else if shards[position].info(name) != nil {
                    owners[name] = position
                } else {
                    unreadable[name] = "is not in \(file), where the index says it is"
                }
            } else {
                unreadable[name] = "lies in \(file), which is missing; get it into the same folder"
            }
        }
        self.init(location: url.path, shards: shards, owners: owners, unreadable: unreadable)
    }

    /// Reads several sources as one.
    ///
    /// - Throws: ``WeightError/wrongTensor(name:file:reason:)`` if two of them have a tensor of the same name.
    public init(location: String, merging shards: [any TensorSource]) throws(WeightError) {
        var owners: [String: Int] = [:]
        for (position, shard) in shards.enumerated() {
            for name in shard.names {
                guard owners.updateValue(position, forKey: name) == nil else {
                    throw .wrongTensor(
                        name: name, file: shard.location, reason: "is in another file of the same model too")
                }
            }
        }
        var unreadable: [String: String] = [:]
        for shard in shards { unreadable.merge(shard.unreadable) { first, _ in first } }
        self.init(
            location: location, shards: shards, owners: owners, unreadable: unreadable.filter { owners[$0.key] == nil })
    }

    private init(location: String, shards: [any TensorSource], owners: [String: Int], unreadable: [String: String]) {
        self.location = location
        self.unreadable = unreadable
        self.shards = shards
        self.owners = owners
        names = shards.enumerated().flatMap { position, shard in shard.names.filter { owners[$0] == position } }
    }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { owners[name].flatMap { shards[$0].info(name) } }

    /// The tensor of that name, from the file that holds it.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let position = owners[name] else { throw missing(name) }
        return try shards[position].tensor(name)
    }

    /// The `weight_map` of an index, in written order.
    package static func weightMap(_ index: MappedFile) throws(WeightError) -> [(name: String, file: String)] {
        func damaged(_ reason: String) -> WeightError { .damaged(file: index.name, reason: reason) }
        let root: JSONValue
        do throws(JSONFault) {
            root = try StrictJSON.parse(index.bytes, maxDepth: 8, maxValues: 1_000_000)
        } catch {
            throw damaged("it is no valid JSON at byte \(error.offset): \(error.reason)")
        }
        guard case .object(let object) = root, case .object(let map) = object["weight_map"] else {
            throw damaged("it has no weight_map")
        }
        var out: [(String, String)] = []
        for name in map.keys {
            guard case .string(let file) = map[name] else {
                throw damaged("its weight_map names no file for '\(name)'")
            }
            let parts = file.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !file.utf8.contains(0) else {
                throw .refused(file: index.name, reason: "it names '\(file)', which leads out of its folder")
            }
            out.append((name, file))
        }
        guard !out.isEmpty else { throw damaged("its weight_map is empty") }
        return out
    }
}
