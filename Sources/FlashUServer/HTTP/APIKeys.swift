/// Keys that clients authenticate with.
public struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// No keys: nobody is asked for one.
    public init() { keys = [] }

    /// One key on each line; blank lines and lines that begin with `#` are passed over.
    ///
    /// - Throws: ``Fault``, for a key that no header could carry and for a list without keys.
    public init(list: String) throws(Fault) {
        var keys: [[UInt8]] = []
        for (number, line) in list.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let bytes = Self.trimmed(Array(line))
            guard let first = bytes.first, first != UInt8(ascii: "#") else { continue }
            guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw Fault(
                    reason: "line \(number + 1) holds a blank or a character beyond ASCII, which no key may have")
            }
            guard (8...512).contains(bytes.count) else {
                throw Fault(reason: "the key in line \(number + 1) has \(bytes.count) characters; 8 to 512 are allowed")
            }
            keys.append(bytes)
        }
        guard !keys.isEmpty else { throw Fault(reason: "it holds no key") }
        self.keys = keys
    }

    /// Why a list of keys can't be used.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        /// In words.
        public let reason: String
        /// The same.
        public var description: String { reason }
    }

    /// Whether nobody is asked for a key.
    public var isEmpty: Bool { keys.isEmpty }

    /// The place of a key in the list; nil if it is none of them. The time that this takes depends on the length of what was offered alone, not on
    /// how much of it is right.
    package func index(of offered: some Sequence<UInt8>) -> Int? {
        let offered = Array(offered.prefix(1024))
        var found = -1
        for (index, key) in keys.enumerated() {
            var difference = UInt64(truncatingIfNeeded: key.count ^ offered.count)
            for (place, byte) in offered.enumerated() { difference |= UInt64(byte ^ key[place % key.count]) }
            // 1 where nothing differs, without a branch.
            let same = Int(truncatingIfNeeded: ((difference | (0 &- difference)) >> 63) ^ 1)
            found = found * (1 - same) + index * same
        }
        return found < 0 ? nil : found
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        return Array(bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
