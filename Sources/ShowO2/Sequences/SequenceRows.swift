import Compute

/// Rows of one sequence in a pass: where they stand, and which of them see each other.
struct SequenceRows {
    /// Rotary positions, rising.
    var positions: [Int] = []
    /// Rows that attend to each other fully; all others are causal.
    var spans: [Range<Int>] = []

    var count: Int { positions.count }

    private let start: Int

    /// No rows yet; the first will have position `start`.
    init(start: Int) { self.start = start }

    /// Appends causal rows at the positions that follow.
    mutating func append(_ count: Int) {
        let next = (positions.last ?? start - 1) + 1
        positions += next..<next + count
    }

    /// Cuts spans off that reach beyond the rows.
    mutating func clipSpans() { spans = spans.map { $0.clamped(to: 0..<count) } }

    /// Appends the rows to a layer's layout, at consecutive slots from `slot`.
    func append(to layout: inout RowLayout, sequence: Int, from slot: Int) {
        var limits = Array(slot + 1..<slot + 1 + count)
        for span in spans {
            for row in span { limits[row] = max(limits[row], slot + span.upperBound) }
        }
        layout.append(
            sequence: sequence, slots: Array(slot..<slot + count), positions: positions, limits: limits)
    }

    /// Only the rows `kept`, which rise.
    func keeping(_ kept: [Int]) -> SequenceRows {
        var rows = self
        rows.positions = kept.map { positions[$0] }
        rows.spans = spans.map { span in
            let lower = kept.partitioningIndex { $0 >= span.lowerBound }
            return lower..<kept.partitioningIndex { $0 >= span.upperBound }
        }
        return rows
    }
}

extension [Int] {
    /// The first index whose element satisfies a condition that, once true, stays true.
    fileprivate func partitioningIndex(where condition: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
