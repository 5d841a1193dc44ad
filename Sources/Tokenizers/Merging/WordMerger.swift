/// Joins the bytes of one word, best-ranked pair first and leftmost among equals, in O(n log n) for n bytes.
///
/// The symbols are a linked list over arrays, the candidate pairs a binary heap of rank << 32 | position. A candidate is
/// stale when the pair at its position has meanwhile another rank. The arrays are reused from word to word.
package struct WordMerger {
    private var symbols: [Int32] = []
    private var previous: [Int32] = []
    private var next: [Int32] = []
    /// The rank of the pair that starts at a position, negative when it has none.
    private var pairRanks: [Int32] = []
    private var heap: [UInt64] = []
    /// How many comparisons of candidates were made so far: the cost, in a unit that doesn't depend on the machine.
    package private(set) var comparisons = 0

    package init() {}

    /// Longer words are merged in parts of this many bytes, so that positions fit 31 bits.
    static let longestWord = 1 << 30

    /// Appends the ids of the word `bytes[range]`.
    mutating func merge(
        _ bytes: [UInt8], _ range: Range<Int>, byteIDs: [Int32], merges: MergeTable, into ids: inout [Int]
    ) {
        if range.count == 1 {
            ids.append(Int(byteIDs[Int(bytes[range.lowerBound])]))
            return
        }
        start(bytes, range, byteIDs, merges)
        while let candidate = popCandidate() {
            let position = Int(truncatingIfNeeded: candidate & 0xFFFF_FFFF)
            let rank = Int32(truncatingIfNeeded: candidate >> 32)
            if pairRanks[position] == rank { join(position, rank, merges) }
        }
        var position = 0
        while position >= 0 {
            ids.append(Int(symbols[position]))
            position = Int(next[position])
        }
    }

    /// Fills the list with single bytes and the heap with their pairs.
    private mutating func start(_ bytes: [UInt8], _ range: Range<Int>, _ byteIDs: [Int32], _ merges: MergeTable) {
        symbols.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        pairRanks.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        let count = range.count
        for offset in 0..<count {
            symbols.append(byteIDs[Int(bytes[range.lowerBound + offset])])
            previous.append(Int32(truncatingIfNeeded: offset - 1))
            next.append(offset + 1 < count ? Int32(truncatingIfNeeded: offset + 1) : -1)
            pairRanks.append(-1)
            if offset > 0 { consider(offset - 1, merges) }
        }
    }

    /// Joins the symbol at `position` with the one after it.
    private mutating func join(_ position: Int, _ rank: Int32, _ merges: MergeTable) {
        let absorbed = Int(next[position])
        let following = next[absorbed]
        symbols[position] = merges.result(ofRank: rank)
        next[position] = following
        pairRanks[absorbed] = -1
        if following >= 0 { previous[Int(following)] = Int32(truncatingIfNeeded: position) }
        consider(position, merges)
        let before = previous[position]
        if before >= 0 { consider(Int(before), merges) }
    }

    /// Looks up the pair that starts at `position`.
    private mutating func consider(_ position: Int, _ merges: MergeTable) {
        let other = next[position]
        let rank = other < 0 ? -1 : merges.rank(symbols[position], symbols[Int(other)])
        pairRanks[position] = rank
        if rank >= 0 { push(UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(position)) }
    }

    // MARK: The heap

    private mutating func push(_ candidate: UInt64) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            comparisons += 1
            if heap[parent] <= candidate { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = candidate
    }

    private mutating func popCandidate() -> UInt64? {
        guard let last = heap.popLast() else { return nil }
        guard let best = heap.first else { return last }
        let count = heap.count
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child >= count { break }
            comparisons += 1
            if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
            if last <= heap[child] { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return best
    }
}
