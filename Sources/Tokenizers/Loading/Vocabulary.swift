/// The model's tokens: the bytes of all of them back to back, found by id or by bytes.
struct Vocabulary: Sendable {
    /// Largest id that a file may give, so that a table over all ids stays small.
    static let largestID: Int32 = (1 << 22) - 1

    /// The bytes of every entry, in the order of the file.
    private(set) var bytes: [UInt8] = []
    /// Where every entry starts, and where the last one ends.
    private var starts: [Int] = [0]
    /// The id of every entry.
    private var ids: [Int32] = []
    /// Whether an entry's name isn't in the byte-level alphabet; its bytes are then the name's UTF-8.
    private var isLiteral: [Bool] = []
    /// The entry of every id, negative where an id isn't given.
    private var entryOfID: [Int32] = []
    /// Hash table with open addressing: entries, negative where free.
    private var slots: [Int32] = []
    private let seed = UInt64.random(in: 0 ... .max)

    /// Number of tokens.
    var count: Int { ids.count }
    /// One more than the largest id.
    var idLimit: Int { entryOfID.count }

    // MARK: Building

    /// Reads the object of names and ids.
    init(reading reader: inout JSONReader) throws(TokenizerError) {
        try reader.openObject()
        var isFirst = true
        // The bytes are collected here and not in `self.bytes`, so that nothing copies them.
        var collected: [UInt8] = []
        var name: [UInt8] = []
        while try reader.nextMember(isFirst: isFirst, key: &name) {
            isFirst = false
            let id = try reader.readInteger()
            guard id >= 0, id <= Self.largestID else {
                let text = TokenizerError.shortened(String(decoding: name, as: UTF8.self))
                throw .invalid(
                    field: "model.vocab", reason: "gives \"\(text)\" the id \(id), out of 0...\(Self.largestID)")
            }
            let isByteLevel = ByteLevelAlphabet.replaceName(in: &name, from: 0)
            collected += name
            starts.append(collected.count)
            ids.append(id)
            isLiteral.append(!isByteLevel)
        }
        bytes = collected
        try indexIDs()
        try indexNames()
    }

    private mutating func indexIDs() throws(TokenizerError) {
        entryOfID = Array(repeating: -1, count: Int(ids.max() ?? -1) + 1)
        for (entry, id) in ids.enumerated() {
            let other = entryOfID[Int(id)]
            guard other < 0 else {
                throw .invalid(
                    field: "model.vocab",
                    reason: "gives the id \(id) to both \"\(shortName(Int(other)))\" and \"\(shortName(entry))\"")
            }
            entryOfID[Int(id)] = Int32(entry)
        }
    }

    private mutating func indexNames() throws(TokenizerError) {
        var capacity = 16
        while capacity < ids.count * 2 { capacity *= 2 }
        slots = Array(repeating: -1, count: capacity)
        for entry in ids.indices {
            let slot = slot(of: bytes, starts[entry]..<starts[entry + 1], isLiteral: isLiteral[entry])
            guard slots[slot] < 0 else {
                throw .invalid(field: "model.vocab", reason: "has \"\(shortName(entry))\" twice")
            }
            slots[slot] = Int32(entry)
        }
    }

    private func shortName(_ entry: Int) -> String { TokenizerError.shortened(name(ofEntry: entry)) }

    // MARK: Looking up

    /// The slot that holds the entry with these bytes, or the free one where it would be.
    private func slot(of key: [UInt8], _ range: Range<Int>, isLiteral literal: Bool) -> Int {
        var hash = seed
        for index in range { hash = (hash ^ UInt64(key[index])) &* 0x100_0000_01B3 }
        let product = hash.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            let start = starts[entry]
            if starts[entry + 1] - start == range.count, isLiteral[entry] == literal,
                equal(start, key, range.lowerBound, range.count)
            {
                return slot
            }
            slot = (slot + 1) & mask
        }
        return slot
    }

    @inline(__always)
    private func equal(_ start: Int, _ key: [UInt8], _ keyStart: Int, _ count: Int) -> Bool {
        for offset in 0..<count where bytes[start + offset] != key[keyStart + offset] { return false }
        return true
    }

    /// The id of the token that stands for these bytes.
    func id(ofBytes key: [UInt8], _ range: Range<Int>, isLiteral: Bool = false) -> Int32? {
        let entry = slots[slot(of: key, range, isLiteral: isLiteral)]
        return entry < 0 ? nil : ids[Int(entry)]
    }

    /// The id of the token of this name, as the file writes it.
    func id(ofName name: [UInt8]) -> Int32? {
        var key = name
        let isByteLevel = ByteLevelAlphabet.replaceName(in: &key, from: 0)
        return id(ofBytes: key, 0..<key.count, isLiteral: !isByteLevel)
    }

    /// The bytes that an id stands for.
    func bytes(ofID id: Int) -> ArraySlice<UInt8>? {
        guard let entry = entry(ofID: id) else { return nil }
        return bytes[starts[entry]..<starts[entry + 1]]
    }

    /// The name of an id, as the file writes it.
    func name(ofID id: Int) -> String? { entry(ofID: id).map(name(ofEntry:)) }

    private func entry(ofID id: Int) -> Int? {
        guard entryOfID.indices.contains(id), entryOfID[id] >= 0 else { return nil }
        return Int(entryOfID[id])
    }

    private func name(ofEntry entry: Int) -> String {
        let slice = bytes[starts[entry]..<starts[entry + 1]]
        return isLiteral[entry] ? String(decoding: slice, as: UTF8.self) : ByteLevelAlphabet.name(of: slice)
    }
}
