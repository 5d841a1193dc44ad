public import Foundation

/// Opens a weight file: safetensors, a PyTorch archive, or the index of a sharded model. The content decides, not
/// the name.
///
/// Weights that are stored in 8 bits are dequantised when asked for (``QuantizedWeights``). Names that wrappers of a network put before its
/// tensors' own (`module.`, `_orig_mod.`) are stripped.
///
/// - Throws: ``WeightError``, with advice for what is often found in a weight file's place (a Git LFS pointer, a web
///   page, a tar archive by a very old PyTorch).
public func openWeights(file url: URL) throws(WeightError) -> any TensorSource {
    if url.lastPathComponent.hasSuffix(".index.json") { return try prepared(ShardedWeights(index: url)) }
    return try prepared(openWeights(shard: url))
}

private func prepared(_ source: any TensorSource) throws(WeightError) -> any TensorSource {
    let source = try WrapperPrefixes.stripping(source)
    return QuantizedWeights.isNeeded(for: source) ? QuantizedWeights(source) : source
}

/// Opens one file of tensors; an index is none, so that an index can't name itself.
func openWeights(shard url: URL) throws(WeightError) -> any TensorSource {
    let file = try MappedFile(url: url)
    switch (WeightFormat(file.bytes), url.pathExtension) {
    case (.torch, _), (.legacyTorch, _): return try TorchArchive(file: file)
    case (.safetensors, _): return try SafetensorsFile(file: file)
    // Damaged at its very start: let its reader say so.
    case (.other(let what), "safetensors") where !what.contains(";"): return try SafetensorsFile(file: file)
    case (.other(let what), _): throw .unsupported(file: file.name, reason: what)
    }
}

/// Opens the weights in a folder, under the names that Hugging Face repositories use: the first found of `preferring`
/// and then ``weightFileNames``.
///
/// Shards without an index (`NAME-00001-of-00003.EXTENSION`) are read as one if all of them are there.
///
/// - Parameters:
///   - folder: where they lie.
///   - preferring: names to look for first, such as `Wan2.1_VAE.pth`.
///   - accept: whether weights found are those that are wanted; others are passed over.
/// - Throws: ``WeightError/nothingFound(folder:lookedFor:)`` with the list, or what is wrong with the file found.
public func openWeights(
    in folder: URL, preferring: [String] = [], accept: (any TensorSource) -> Bool = { _ in true }
) throws(WeightError) -> any TensorSource {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
        throw .notFound(file: folder.path)
    }
    guard isFolder.boolValue else {
        throw .unreadable(file: folder.path, reason: "it is a file where a folder is expected")
    }
    let present: [String]
    do {
        present = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
        throw .unreadable(file: folder.path, reason: "the folder can't be listed; check its permissions")
    }
    let wanted = preferring + weightFileNames
    for name in wanted {
        if present.contains(name) {
            let weights = try openWeights(file: folder.appendingPathComponent(name))
            if accept(weights) { return weights }
            continue
        }
        if let shards = try shards(of: name, in: present, folder: folder) {
            var sources: [any TensorSource] = []
            for shard in shards { sources.append(try openWeights(shard: folder.appendingPathComponent(shard))) }
            let weights = try prepared(ShardedWeights(location: folder.path, merging: sources))
            if accept(weights) { return weights }
        }
    }
    throw .nothingFound(folder: folder.path, lookedFor: wanted)
}

/// The names under which a folder's weights are looked for, in this order.
public let weightFileNames = [
    "model.safetensors", "model.safetensors.index.json", "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "diffusion_pytorch_model.bin", "diffusion_pytorch_model.bin.index.json",
]

/// `NAME-0000i-of-0000n.EXTENSION` for a file name `NAME.EXTENSION`, complete, or nil if there are none at all.
private func shards(of name: String, in present: [String], folder: URL) throws(WeightError) -> [String]? {
    guard let dot = name.lastIndex(of: "."), !name.hasSuffix(".json"),
        // With an index, which comes next in the list, the index decides.
        !present.contains(name + ".index.json")
    else { return nil }
    let (stem, suffix) = (name[..<dot], name[dot...])
    for file in present where file.hasPrefix("\(stem)-") && file.hasSuffix(suffix) {
        let parts = file.dropFirst(stem.count + 1).dropLast(suffix.count).split(separator: "-")
        guard parts.count == 3, parts[1] == "of", let total = Int(parts[2]), (1...10_000).contains(total),
            Int(parts[0]) != nil
        else { continue }
        let wanted = (1...total).map { i in
            let number = String(i)
            let zeros = String(repeating: "0", count: max(0, parts[2].count - number.count))
            return "\(stem)-\(zeros)\(number)-of-\(parts[2])\(suffix)"
        }
        let absent = wanted.filter { !present.contains($0) }
        guard absent.isEmpty else { throw .missingShards(folder: folder.path, shards: absent) }
        return wanted
    }
    return nil
}
