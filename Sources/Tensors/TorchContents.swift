/// What a torch archive holds, checked.
struct TorchContents {
    /// The bytes of a storage.
    struct Stored {
        /// From the start of the file.
        let byteOffset: Int
        let byteCount: Int
        /// The archive's entry, whose checksum can be compared; nil where the format has none.
        var entry: ZipDirectory.Entry?
    }

    private(set) var names: [String] = []
    private(set) var views: [String: StridedView] = [:]
    /// The bytes that hold a tensor's elements.
    private(set) var stored: [String: Stored] = [:]
    /// What is stored under a name in a form that is not read, and why.
    private(set) var unreadable: [String: String] = [:]

    /// Keys under which training scripts put the state dictionary.
    static let wrappers = ["state_dict", "model_state_dict", "module", "model", "params_ema", "params", "weights"]
    static let maxPickleBytes = 128 << 20

    init(_ file: MappedFile, verifyChecksums: Bool) throws(WeightError) {
        if case .legacyTorch = WeightFormat(file.bytes) {
            let layout = try LegacyTorchLayout(file)
            try take(layout.root, of: layout.unpickler, file: file.name) { layout.stored[$0] }
        } else {
            try read(zip: file, verifyChecksums: verifyChecksums)
        }
    }

    private mutating func read(zip file: MappedFile, verifyChecksums: Bool) throws(WeightError) {
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
            throw Self.isBigEndian(file: name)
        }
        guard let program = file.bytes.slice(pickle.byteOffset, pickle.byteCount) else {
            throw .damaged(file: name, reason: "its pickle lies outside the file")
        }
        var unpickler = Unpickler(program, file: name)
        let result = try unpickler.run()
        try take(result, of: unpickler, file: name) { key in
            entries["\(prefix)data/\(key)"].map {
                Stored(byteOffset: $0.byteOffset, byteCount: $0.byteCount, entry: $0)
            }
        }
    }

    static func isBigEndian(file: String) -> WeightError {
        .unsupported(
            file: file,
            reason: "it was written on a big-endian machine; load and save it with PyTorch on a little-endian one")
    }

    /// Compares an entry's bytes with its checksum.
    static func verify(_ entry: ZipDirectory.Entry, of file: MappedFile) throws(WeightError) {
        guard let content = file.bytes.slice(entry.byteOffset, entry.byteCount),
            CRC32.checksum(content) == entry.checksum
        else { throw .damaged(file: file.name, reason: "the checksum of its entry '\(entry.name)' is wrong") }
    }

    /// Takes the tensors of a pickle's result, and checks each against the bytes that it looks into.
    private mutating func take(
        _ result: PickleValue, of unpickler: Unpickler, file: String, locate: (String) -> Stored?
    ) throws(WeightError) {
        let dictionary = try Self.stateDictionary(result, of: unpickler, file: file)
        let keys = Set(
            dictionary.compactMap { if case .string(let key) = $0.key { key } else { nil } })
        for (key, value) in dictionary {
            guard case .string(let key) = key else { continue }
            let tensor: PickledTensor
            switch value {
            case .tensor(let index): tensor = unpickler.tensors[index]
            case .opaque(let maker):
                unreadable[key] = "is made by \(maker), which is not read here; save it as a plain tensor"
                continue
            default: continue
            }
            if case .rare(let type, _) = tensor.element {
                unreadable[key] = TorchArchive.isNotRead(type)
                continue
            }
            if case .float8 = tensor.element, let scale = Float8.scale(of: key, isStored: keys.contains) {
                unreadable[key] = TorchArchive.isScaled(by: scale)
                continue
            }
            guard let bytes = locate(tensor.storage.key) else {
                throw .wrongTensor(
                    name: key, file: file,
                    reason: "its elements are missing; the file is damaged, copy or download it again")
            }
            let checked = StridedView.checked(
                tensor, storageOffset: bytes.byteOffset, storageBytes: bytes.byteCount)
            guard let view = checked.view else {
                throw .wrongTensor(
                    name: key, file: file,
                    reason: "\(checked.reason); the file is damaged, or was written by a faulty program")
            }
            guard views.updateValue(view, forKey: key) == nil else {
                throw .wrongTensor(
                    name: key, file: file,
                    reason: "appears twice; the file is damaged, or was written by a faulty program")
            }
            stored[key] = bytes
            names.append(key)
        }
        for name in names { unreadable[name] = nil }
    }

    /// Finds the tensors with names: directly, or up to four wrappers deep.
    private static func stateDictionary(
        _ value: PickleValue, of unpickler: Unpickler, file: String
    ) throws(WeightError) -> [(key: PickleValue, value: PickleValue)] {
        guard case .dictionary(let index) = value else {
            if case .opaque(let maker) = value {
                throw .unsupported(
                    file: file,
                    reason:
                        "it holds a whole object (\(maker)) and not its tensors; save its state_dict() with torch.save")
            }
            throw .unsupported(
                file: file,
                reason:
                    "it holds something else than a dictionary of tensors; save the state dictionary with torch.save")
        }
        var seen: Set<Int> = []
        if let found = tensors(in: index, of: unpickler, depth: 4, &seen) { return unpickler.dictionaries[found] }
        let keys = unpickler.dictionaries[index].prefix(8).compactMap { pair -> String? in
            if case .string(let name) = pair.key { "'\(name)'" } else { nil }
        }
        throw .unsupported(
            file: file,
            reason: "it holds no tensors"
                + (keys.isEmpty ? "" : " under its keys \(keys.joined(separator: ", "))")
                + "; save the state dictionary itself")
    }

    /// The dictionary of tensors under one of the wrappers' keys, else this one if it has any.
    private static func tensors(in index: Int, of unpickler: Unpickler, depth: Int, _ seen: inout Set<Int>) -> Int? {
        guard seen.insert(index).inserted else { return nil }
        let pairs = unpickler.dictionaries[index]
        if depth > 0 {
            for wrapper in wrappers {
                for (key, value) in pairs {
                    if case .string(wrapper) = key, case .dictionary(let inner) = value,
                        let found = tensors(in: inner, of: unpickler, depth: depth - 1, &seen)
                    {
                        return found
                    }
                }
            }
        }
        let hasTensors = pairs.contains { pair in
            if case .string = pair.key, case .tensor = pair.value { true } else { false }
        }
        return hasTensors ? index : nil
    }
}
