/// The packets of a stream, as `ffprobe -show_entries packet=pts,flags -of compact=p=0` lists them, one a line.
package struct PacketList {
    /// Times at which packets that are shown are shown, in ticks, as listed; empty once one of them has no time.
    package private(set) var times: [Int] = []
    /// For each, whether decoding may begin there.
    package private(set) var isKey: [Bool] = []
    /// Packets that are shown.
    package private(set) var count = 0
    private var hasTimes = true
    private var lines = Lines()

    package init() {}

    /// Takes more of the list.
    package mutating func take(_ bytes: [UInt8]) {
        var lines = lines
        lines.take(bytes) { add($0) }
        self.lines = lines
    }

    private mutating func add(_ line: ArraySlice<UInt8>) {
        guard let flags = line.field("flags") else { return }
        // D: cut away by an edit list, and never shown.
        guard !flags.contains(UInt8(ascii: "D")) else { return }
        count += 1
        guard hasTimes, let time = line.field("pts")?.wholeNumber, abs(time) < 1 << 53 else {
            hasTimes = false
            (times, isKey) = ([], [])
            return
        }
        times.append(time)
        isKey.append(flags.contains(UInt8(ascii: "K")))
    }

    /// Times in the order in which frames are shown, and which of them decoding can begin at.
    ///
    /// - Returns: nil when frames can't be told apart by their times, or decoding can't begin at the first.
    package func shown() -> (times: [Int], isKey: [Bool])? {
        guard !times.isEmpty, times.count == count else { return nil }
        let order = times.indices.sorted { times[$0] < times[$1] }
        let sorted = order.map { times[$0] }
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0 < $1 }), isKey[order[0]] else { return nil }
        return (sorted, order.map { isKey[$0] })
    }
}
