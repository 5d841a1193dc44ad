import Compute

/// How long something took, over some repetitions, and the operations it did.
struct Timing {
    /// Median seconds.
    var median = 0.0
    /// Fewest seconds.
    var least = 0.0
    /// Most seconds.
    var most = 0.0
    /// Operations of one repetition.
    var work = OperationMeter.Reading()
    var flops: Int { work.total }

    init() {}

    /// Of repetitions, at least one.
    init(seconds: [Double], work: OperationMeter.Reading) {
        median = seconds.median
        (least, most) = (seconds.min() ?? 0, seconds.max() ?? 0)
        self.work = work
    }

    /// One after the other.
    static func + (a: Timing, b: Timing) -> Timing {
        var sum = a
        sum.median += b.median
        sum.least += b.least
        sum.most += b.most
        sum.work = sum.work + b.work
        return sum
    }

    /// `count` times one after the other.
    static func * (a: Timing, count: Int) -> Timing {
        var product = a
        product.median *= Double(count)
        product.least *= Double(count)
        product.most *= Double(count)
        product.work = product.work * count
        return product
    }
}

extension [Double] {
    /// The middle, of an even number the mean of the two; 0 of none.
    package var median: Double {
        guard !isEmpty else { return 0 }
        let sorted = sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

/// Seconds that `body` takes on the monotonic clock.
package func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body).inSeconds
}
