/// Which samples of one axis, with which weights, make each new sample.
///
/// When shrinking, the kernel is stretched by the scale, so that every old sample counts (antialiasing). Weights are
/// fixed-point numbers of 22 fractional bits, as in Pillow: 8-bit images come out identical to the last bit.
struct ResamplePlan {
    /// Fractional bits of a weight.
    static let precision: Int32 = 22

    /// The first old sample of each new one.
    private(set) var starts: [Int] = []
    /// How many old samples make each new one.
    private(set) var counts: [Int] = []
    /// The weights, `taps` for each new sample, of which the first `counts` matter.
    private(set) var weights: [Int32] = []
    /// The most old samples any new one is made of.
    let taps: Int

    /// The old samples that are needed at all.
    var needed: Range<Int> {
        guard let first = starts.first, let last = starts.last, let count = counts.last else { return 0..<0 }
        return first..<last + count
    }

    /// Plans the new samples `range` out of `output` that `input` old ones become.
    /// - Parameters:
    ///   - input: at least 1.
    ///   - output: at least 1.
    ///   - range: within `0..<output`; the cost is that of these samples only.
    init(input: Int, output: Int, range: Range<Int>, filter: ResampleFilter) {
        let scale = Double(input) / Double(output)
        let stretch = max(scale, 1)
        let support = filter.support * stretch
        taps = Int(support.rounded(.up)) * 2 + 1
        starts.reserveCapacity(range.count)
        counts.reserveCapacity(range.count)
        weights.reserveCapacity(range.count * taps)
        var row = [Double](repeating: 0, count: taps)
        for index in range {
            let centre = (Double(index) + 0.5) * scale
            let start = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), input)
            let count = min(max(end - start, 0), taps)
            var sum = 0.0
            for tap in 0..<count {
                row[tap] = filter.weight((Double(tap + start) - centre + 0.5) * (1 / stretch))
                sum += row[tap]
            }
            starts.append(start)
            counts.append(count)
            for tap in 0..<taps {
                weights.append(tap < count ? Self.fixedPoint(sum == 0 ? row[tap] : row[tap] / sum) : 0)
            }
        }
    }

    /// The same plan for an axis that is stored from its other end, `input` samples long: the last new sample first.
    func reversed(input: Int) -> ResamplePlan {
        var plan = self
        plan.starts = zip(starts, counts).reversed().map { input - $0 - $1 }
        plan.counts = counts.reversed()
        plan.weights = []
        plan.weights.reserveCapacity(weights.count)
        for index in starts.indices.reversed() {
            let row = weights[index * taps..<(index + 1) * taps]
            plan.weights += row.prefix(counts[index]).reversed() + row.dropFirst(counts[index])
        }
        return plan
    }

    private static func fixedPoint(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << precision)
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }
}
