/// What a torch archive holds, checked.
struct TorchContents {
    private(set) var names: [String] = []
    private(set) var views: [String: StridedView] = [:]
    /// The archive's entry that holds a tensor's elements.
    private(set) var stored: [String: ZipDirectory.Entry] = [:]

    /// Keys under which training scripts put the state dictionary.
    static let wrappers = ["state_dict", "model_state_dict", "module", "model", "params_ema", "params", "weights"]
    static let maxPickleBytes = 128 << 20

    init(_ file: MappedFile, verifyChecksums: Bool) throws(WeightError) {
        let name = file.name
        let zip = try ZipDirectory(file.bytes, file: name)
        let pickles = zip.entries.filter { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
        guard pickles.count == 1, let pickle = pickles.first else {
            throw .unsupported(
                file: name,
                reason: pickles.isEmpty
                    ? "it is a zip archive but not one that torch.save wrote (no data.pkl)"
                    : "it has \(pickles.count) pickles (data.pkl) instead of one")
        }
        let prefix = pickle.name.dropLast("data.pkl".count)
        let entries = Dictionary(uniqueKeysWithValues: zip.entries.map { ($0.name, $0) })
        guard pickle.byteCount <= Self.maxPickleBytes else {
            throw .refused(file: name, reason: "its pickle has \(pickle.byteCount) bytes, more than any model's")
        }
        for entry in zip.entries where verifyChecksums || entry.name == pickle.name {
            try Self.verify(entry, of: file)
        }
        if let order = entries[prefix + "byteorder"], let content = file.bytes.slice(order.byteOffset, order.byteCount),
            !content.elementsEqual("little".utf8)
        {
            throw .unsupported(
                file: name,
                reason: "it was written on a big-endian machine; load and save it with PyTorch on a little-endian one")
        }
        guard let program = file.bytes.slice(pickle.byteOffset, pickle.byteCount) else {
            throw .damaged(file: name, reason: "its pickle lies outside the file")
        }
        var unpickler = Unpickler(program, file: name)
        let result = try unpickler.run()
        for (key, tensor) in try Self.stateDictionary(result, of: unpickler, file: name) {
            guard let entry = entries["\(prefix)data/\(tensor.storage.key)"] else {
                throw .wrongTensor(name: key, file: name, reason: "its elements are missing; the file is damaged")
            }
            let checked = StridedView.checked(tensor, storageOffset: entry.byteOffset, storageBytes: entry.byteCount)
            guard let view = checked.view else {
                throw .wrongTensor(
                    name: key, file: name, reason: "\(checked.reason); the file is damaged, download it again")
            }
            guard views.updateValue(view, forKey: key) == nil else {
                throw .wrongTensor(
                    name: key, file: name, reason: "appears twice; the file is damaged, download it again")
            }
            stored[key] = entry
            names.append(key)
        }
    }

    /// Compares an entry's bytes with its checksum.
    static func verify(_ entry: ZipDirectory.Entry, of file: MappedFile) throws(WeightError) {
        guard let content = file.bytes.slice(entry.byteOffset, entry.byteCount),
            CRC32.checksum(content) == entry.checksum
        else { throw .damaged(file: file.name, reason: "the checksum of its entry '\(entry.name)' is wrong") }
    }

    /// Finds the tensors with names: directly, or up to four wrappers deep.
    private static func stateDictionary(
        _ value: PickleValue, of unpickler: Unpickler, file: String
    ) throws(WeightError) -> [(String, PickledTensor)] {
        guard case .dictionary(var index) = value else {
            throw .unsupported(file: file, reason: "it holds something else than a dictionary of tensors")
        }
        for _ in 0..<4 {
            guard let inner = wrapped(in: unpickler.dictionaries[index], of: unpickler) else { break }
            index = inner
        }
        var tensors: [(String, PickledTensor)] = []
        for (key, value) in unpickler.dictionaries[index] {
            if case .string(let name) = key, case .tensor(let tensor) = value {
                tensors.append((name, unpickler.tensors[tensor]))
            }
        }
        guard !tensors.isEmpty else {
            let keys = unpickler.dictionaries[index].prefix(8).compactMap { pair -> String? in
                if case .string(let name) = pair.key { "'\(name)'" } else { nil }
            }
            throw .unsupported(
                file: file,
                reason: "it holds no tensors"
                    + (keys.isEmpty ? "" : " under its keys \(keys.joined(separator: ", "))")
                    + "; save the state dictionary itself")
        }
        return tensors
    }

    private static func wrapped(in pairs: [(key: PickleValue, value: PickleValue)], of unpickler: Unpickler) -> Int? {
        for wrapper in wrappers {
            for (key, value) in pairs {
                if case .string(wrapper) = key, case .dictionary(let index) = value,
                    !unpickler.dictionaries[index].isEmpty
                {
                    return index
                }
            }
        }
        return nil
    }
}
