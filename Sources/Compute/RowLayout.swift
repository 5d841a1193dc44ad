/// Which rows of a batch belong to which sequence, where they stand in it, and what they may see.
///
/// Every mask of Show-o2 (causal text, an image span that attends to itself fully) has one form: a row sees a prefix of
/// its sequence's slots. So a mask is one number a row, and never a matrix.
public struct RowLayout: Sendable, Equatable {
    /// Consecutive rows of one sequence.
    public struct Segment: Sendable, Equatable {
        /// Where the rows lie in the batch.
        public let rows: Range<Int>
        /// The sequence, an index into the cache.
        public let sequence: Int
    }

    /// The segments, in row order, covering all rows.
    public private(set) var segments: [Segment] = []
    /// Per row: the sequence.
    public private(set) var sequences: [Int32] = []
    /// Per row: the cache slot that its key and value are written to.
    public private(set) var slots: [Int32] = []
    /// Per row: the rotary position.
    public private(set) var positions: [Int32] = []
    /// Per row: how many slots, from the first, it attends to.
    public private(set) var limits: [Int32] = []

    /// No rows.
    public init() {}

    /// Rows in the batch.
    public var count: Int { slots.count }

    /// The highest slot count that any row needs.
    public var slotsNeeded: Int { Int(max(slots.max().map { $0 + 1 } ?? 0, limits.max() ?? 0)) }

    /// Appends a segment: row `i` is written to slot `slots[i]`, has the rotary position `positions[i]` and sees the first
    /// `limits[i]` slots of `sequence`.
    public mutating func append(sequence: Int, slots: [Int], positions: [Int], limits: [Int]) {
        precondition(slots.count == positions.count && slots.count == limits.count)
        let first = count
        segments.append(Segment(rows: first..<(first + slots.count), sequence: sequence))
        sequences += Array(repeating: Int32(sequence), count: slots.count)
        self.slots += slots.map(Int32.init)
        self.positions += positions.map(Int32.init)
        self.limits += limits.map(Int32.init)
    }

    /// Some of the rows, on their own.
    public func rows(_ range: Range<Int>) -> RowLayout {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if range.count == count { return self }
        var part = RowLayout()
        for segment in segments {
            let own = segment.rows.clamped(to: range)
            guard !own.isEmpty else { continue }
            part.segments.append(
                Segment(
                    rows: own.lowerBound - range.lowerBound..<own.upperBound - range.lowerBound,
                    sequence: segment.sequence))
        }
        part.sequences = Array(sequences[range])
        part.slots = Array(slots[range])
        part.positions = Array(positions[range])
        part.limits = Array(limits[range])
        return part
    }

    /// Appends rows at consecutive slots from `start`, positions equal to slots: causal, except that the rows of `span` (counted
    /// in slots) see the whole span.
    public mutating func append(sequence: Int, start: Int, count: Int, span: Range<Int>? = nil) {
        let slots = Array(start..<(start + count))
        append(
            sequence: sequence, slots: slots, positions: slots,
            limits: slots.map { slot in
                if let span, span.contains(slot) { span.upperBound } else { slot + 1 }
            })
    }
}
