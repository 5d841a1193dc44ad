/// The merges of a byte-pair encoding: which neighbours join, in which order of preference, into what.
///
/// A hash table with open addressing: a look-up touches one or two cache lines.
struct MergeTable: Sendable {
    /// left << 32 | right, or `empty`.
    private var keys: [UInt64]
    private var ranks: [Int32]
    private var results: [Int32] = []
    private let mask: Int
    private let seed = UInt64.random(in: 0 ... .max)

    private static let empty = UInt64.max

    /// Room for `capacity` merges.
    init(capacity: Int) {
        var slots = 16
        while slots < capacity * 2 { slots *= 2 }
        keys = Array(repeating: Self.empty, count: slots)
        ranks = Array(repeating: -1, count: slots)
        results.reserveCapacity(capacity)
        mask = slots - 1
    }

    /// Number of ranks given out.
    var count: Int { results.count }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        let product = (key ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return Int(truncatingIfNeeded: product.high ^ product.low) & mask
    }

    /// Adds the next merge in order. A pair that was there takes the new rank, as in Hugging Face's loader.
    ///
    /// - Precondition: fewer merges were added than the capacity; ids are not negative.
    mutating func append(_ left: Int32, _ right: Int32, into result: Int32) {
        let key = Self.key(left, right)
        var index = slot(key)
        while keys[index] != Self.empty, keys[index] != key { index = (index + 1) & mask }
        keys[index] = key
        ranks[index] = Int32(results.count)
        results.append(result)
    }

    /// Takes a rank without a merge: the pair will not join.
    mutating func appendNothing() { results.append(-1) }

    /// The rank of a pair, lower ones first; negative when it doesn't join.
    @inline(__always)
    func rank(_ left: Int32, _ right: Int32) -> Int32 {
        let key = Self.key(left, right)
        var index = slot(key)
        while true {
            let found = keys[index]
            if found == key { return ranks[index] }
            if found == Self.empty { return -1 }
            index = (index + 1) & mask
        }
    }

    /// What the merge of a rank makes.
    @inline(__always)
    func result(ofRank rank: Int32) -> Int32 { results[Int(rank)] }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}
