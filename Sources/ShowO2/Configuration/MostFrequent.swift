extension Sequence<Int> {
    /// The value that occurs most often, the first of equals; nil if there is none.
    var mostFrequent: Int? {
        var counts: [Int: Int] = [:]
        for value in self { counts[value, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return first { counts[$0] == most }
    }
}
