/// How `torch.save` laid out a file before version 1.6: four pickles (a magic number, a version, the writer's machine, the value), a fifth
/// with the keys of the stored runs of elements, and these, one after the other: eight bytes of count, then the elements.
///
/// Source: `torch/serialization.py`, `_legacy_save`.
struct LegacyTorchLayout {
    /// The machine that read the value, for its containers and tensors.
    let unpickler: Unpickler
    /// The value.
    let root: PickleValue
    /// Where the elements of each storage are.
    private(set) var stored: [String: TorchContents.Stored] = [:]

    /// 0x1950a86a20f9469cfc6c, lowest byte first.
    private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    private static let version = 1001

    /// Whether a file begins with the pickle of the magic number: PROTO, in protocol 4 and later FRAME, LONG1, STOP.
    static func hasMagic(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 24, bytes[0] == 0x80 else { return false }
        let at = bytes[2] == 0x95 ? 11 : 2
        return bytes[at] == 0x8a && bytes[at + 1] == 10 && bytes[at + 2..<at + 12].elementsEqual(magic)
    }

    init(_ file: MappedFile) throws(WeightError) {
        let name = file.name
        var at = 0
        func next() throws(WeightError) -> (Unpickler, PickleValue) {
            guard let rest = file.bytes.slice(at, min(file.byteCount - at, TorchContents.maxPickleBytes)) else {
                throw .damaged(file: name, reason: "it ends before its elements")
            }
            var unpickler = Unpickler(rest, file: name, isWhole: false)
            let value = try unpickler.run()
            at += unpickler.at
            return (unpickler, value)
        }
        guard case .wide(Self.magic) = try next().1 else {
            throw .damaged(file: name, reason: "its magic number is wrong")
        }
        guard case .integer(Self.version) = try next().1 else {
            throw .unsupported(
                file: name, reason: "it has another version of PyTorch's old format than \(Self.version)")
        }
        let (machine, system) = try next()
        if case .dictionary(let index) = system {
            for (key, value) in machine.dictionaries[index] {
                if case .string("little_endian") = key, case .bool(false) = value {
                    throw TorchContents.isBigEndian(file: name)
                }
            }
        }
        (unpickler, root) = try next()
        let (keyReader, keyList) = try next()
        guard case .list(let index) = keyList else {
            throw .damaged(file: name, reason: "it has no list of its stored elements")
        }
        let storages = try Self.storages(of: unpickler, file: name)
        for key in keyReader.lists[index] {
            guard case .string(let key) = key, let storage = storages[key] else {
                throw .damaged(file: name, reason: "it lists stored elements that no tensor has")
            }
            let unit = storage.element?.size ?? 1
            guard let count = file.bytes.littleEndian(Int64.self, at: at).flatMap({ Int(exactly: $0) }) else {
                throw .damaged(file: name, reason: "it ends before its elements")
            }
            guard count == storage.count else {
                throw .damaged(
                    file: name,
                    reason: "it has \(count) stored elements '\(key)' where its pickle says \(storage.count)")
            }
            let (byteCount, overflow) = count.multipliedReportingOverflow(by: unit)
            guard !overflow, file.bytes.slice(at + 8, byteCount) != nil else {
                throw .damaged(file: name, reason: "its stored elements '\(key)' reach beyond its end")
            }
            let bytes = TorchContents.Stored(byteOffset: at + 8, byteCount: byteCount)
            guard stored.updateValue(bytes, forKey: key) == nil else {
                throw .damaged(file: name, reason: "it lists its stored elements '\(key)' twice")
            }
            at += 8 + byteCount
        }
    }

    /// The storages that the value's tensors look into, by key: each tensor repeats what it says of its own.
    private static func storages(of unpickler: Unpickler, file: String) throws(WeightError) -> [String: PickledStorage]
    {
        var storages: [String: PickledStorage] = [:]
        for storage in unpickler.storages {
            if let other = storages.updateValue(storage, forKey: storage.key),
                other.count != storage.count || other.element != storage.element
            {
                throw .damaged(file: file, reason: "its pickle contradicts itself about the elements '\(storage.key)'")
            }
        }
        return storages
    }
}
