/// The `model` of a file: vocabulary and merges.
struct BytePairModel: Sendable {
    let vocabulary: Vocabulary
    private(set) var merges: MergeTable
    /// A word that is a token is taken whole, whatever the merges would make of it.
    private(set) var ignoresMerges = false
    /// The id of every single byte.
    let byteIDs: [Int32]
    /// left, right, result of every merge, in the file's order.
    private let pairs: [Int32]

    init(reading reader: inout JSONReader, budget: inout Int) throws(TokenizerError) {
        guard try reader.peek() == UInt8(ascii: "{") else {
            throw .invalid(field: "model", reason: "is no object")
        }
        try reader.openObject()
        var vocabulary: Vocabulary?
        var pairs: [Int32]?
        var mergesPosition: Int?
        var seen: Set<[UInt8]> = []
        var key: [UInt8] = []
        while try reader.nextMember(isFirst: seen.isEmpty, key: &key) {
            let name = String(decoding: key, as: UTF8.self)
            guard seen.insert(key).inserted else {
                throw .invalid(field: "model." + TokenizerError.shortened(name), reason: "appears twice")
            }
            switch name {
            case "vocab" where try reader.peek() == UInt8(ascii: "{"): vocabulary = try Vocabulary(reading: &reader)
            case "merges" where vocabulary != nil:
                if let vocabulary { pairs = try Self.readMerges(&reader, vocabulary) }
            case "merges":
                _ = try reader.peek()
                mergesPosition = reader.position
                try reader.skipValue()
            case "vocab": try reader.skipValue()
            case "ignore_merges":
                ignoresMerges = try Self.check(name, try reader.readValue(budget: &budget))
            case _ where Self.checkedFields.contains(name):
                _ = try Self.check(name, try reader.readValue(budget: &budget))
            default: try reader.skipValue()
            }
        }
        guard let vocabulary else { throw .invalid(field: "model.vocab", reason: "is missing or no object") }
        if let mergesPosition {
            let end = reader.position
            reader.move(to: mergesPosition)
            pairs = try Self.readMerges(&reader, vocabulary)
            reader.move(to: end)
        }
        guard let pairs else { throw .invalid(field: "model.merges", reason: "is missing") }
        self.vocabulary = vocabulary
        self.pairs = pairs
        merges = Self.table(pairs, without: [])
        byteIDs = try Self.byteIDs(vocabulary)
    }

    /// Makes ids unreachable by merging; they then come from added tokens only.
    mutating func forbidMerging(into ids: Set<Int32>) {
        if pairs.indices.contains(where: { $0 % 3 == 2 && ids.contains(pairs[$0]) }) {
            merges = Self.table(pairs, without: ids)
        }
    }

    private static func table(_ pairs: [Int32], without ids: Set<Int32>) -> MergeTable {
        var table = MergeTable(capacity: pairs.count / 3)
        for index in stride(from: 0, to: pairs.count - 2, by: 3) {
            if !ids.isEmpty, ids.contains(pairs[index + 2]) {
                table.appendNothing()
            } else {
                table.append(pairs[index], pairs[index + 1], into: pairs[index + 2])
            }
        }
        return table
    }

    private static let checkedFields: Set<String> = [
        "type", "dropout", "continuing_subword_prefix", "end_of_word_suffix", "unk_token", "byte_fallback", "fuse_unk",
    ]

    /// Checks a field other than vocabulary and merges; the value of one that may be true.
    private static func check(_ name: String, _ value: JSONValue) throws(TokenizerError) -> Bool {
        func refusal(_ supported: String) -> TokenizerError {
            .unsupported(field: "model." + name, found: value.summary, supported: supported)
        }
        switch name {
        case "type":
            guard value.text == "BPE" else { throw refusal("\"BPE\"") }
        case "dropout":
            if case .number(let text) = value, Double(text) == 0 { return false }
            guard value.isNull else { throw refusal("null or 0") }
        case "continuing_subword_prefix", "end_of_word_suffix":
            guard value.isNull || value.text == "" else { throw refusal("null or \"\"") }
        case "ignore_merges":
            guard case .boolean(let flag) = value else { throw refusal("true or false") }
            return flag
        case "unk_token":
            // Every byte is in the vocabulary (`byteIDs`), so nothing is ever unknown: this and the two below are idle.
            guard value.isNull || value.text != nil else { throw refusal("null or text") }
        case "byte_fallback", "fuse_unk":
            guard case .boolean = value else { throw refusal("true or false") }
        default: break
        }
        return false
    }

    /// Reads merges written as "a b" or as ["a", "b"].
    private static func readMerges(
        _ reader: inout JSONReader, _ vocabulary: Vocabulary
    ) throws(TokenizerError) -> [Int32] {
        guard try reader.peek() == UInt8(ascii: "[") else {
            throw .invalid(field: "model.merges", reason: "is no array")
        }
        try reader.openArray()
        var pairs: [Int32] = []
        var left: [UInt8] = []
        var right: [UInt8] = []
        while try reader.nextElement(isFirst: pairs.isEmpty) {
            left.removeAll(keepingCapacity: true)
            right.removeAll(keepingCapacity: true)
            var isPair = true
            if try reader.peek() == UInt8(ascii: "[") {
                try reader.openArray()
                if try reader.nextElement(isFirst: true) { try reader.readString(appendingTo: &left) }
                if try reader.nextElement(isFirst: false) { try reader.readString(appendingTo: &right) }
                isPair = try !reader.nextElement(isFirst: false)
            } else {
                try reader.readString(appendingTo: &left)
                if let space = left.firstIndex(of: UInt8(ascii: " ")) {
                    right += left[(space + 1)...]
                    left.removeSubrange(space...)
                    isPair = !right.contains(UInt8(ascii: " "))
                }
            }
            guard isPair, !left.isEmpty, !right.isEmpty else {
                throw .invalid(field: "model.merges[\(pairs.count / 3)]", reason: "is not a pair of tokens")
            }
            let leftIsLiteral = !ByteLevelAlphabet.replaceName(in: &left, from: 0)
            let rightIsLiteral = !ByteLevelAlphabet.replaceName(in: &right, from: 0)
            guard !leftIsLiteral, !rightIsLiteral else {
                throw .invalid(
                    field: "model.merges[\(pairs.count / 3)]",
                    reason: "has a character from outside the byte-level alphabet")
            }
            for part in [left, right, left + right] {
                guard let id = vocabulary.id(ofBytes: part, 0..<part.count) else {
                    let name = TokenizerError.shortened(ByteLevelAlphabet.name(of: part[...]))
                    throw .invalid(
                        field: "model.merges[\(pairs.count / 3)]",
                        reason: "needs the token \"\(name)\", which is not in model.vocab")
                }
                pairs.append(id)
            }
        }
        return pairs
    }

    /// The tokens of single bytes; all 256 must be there.
    private static func byteIDs(_ vocabulary: Vocabulary) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            guard let id = vocabulary.id(ofBytes: [byte], 0..<1) else {
                throw .invalid(
                    field: "model.vocab", reason: "lacks \"\(ByteLevelAlphabet.name(of: [byte]))\", the byte \(byte)")
            }
            ids.append(id)
        }
        return ids
    }
}
