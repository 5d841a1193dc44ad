/// How often two runs differ on the same samples: the second one's gain over the first.
///
/// Both answer the same prompts from the same noise, so most verdicts agree, and the interval of the difference is much narrower than those of the two
/// shares.
public struct PairedDifference: Sendable, Equatable, Codable {
    /// Samples that both runs have.
    public let count: Int
    /// Right in this run, wrong in the other.
    public let gained: Int
    /// Wrong in this run, right in the other.
    public let lost: Int
    /// Difference of the shares that are right, this run's less the other's: -1 ... 1.
    public let difference: Double
    /// Lower end of its 95 % interval (Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    /// paired data", 2012).
    public let low: Double
    /// Upper end of its 95 % interval.
    public let high: Double

    /// From the counts of samples on which the runs disagree.
    public init(gained: Int, lost: Int, count: Int) {
        (self.gained, self.lost, self.count) = (gained, lost, count)
        guard count > 0 else {
            (difference, low, high) = (0, -1, 1)
            return
        }
        let n = Double(count)
        difference = Double(gained - lost) / n
        let (up, down) = ((Double(gained) + 1) / (n + 2), (Double(lost) + 1) / (n + 2))
        let spread = 1.959964 * ((up + down - (up - down) * (up - down)) / (n + 2)).squareRoot()
        low = max(-1, up - down - spread)
        high = min(1, up - down + spread)
    }

    /// From the verdicts of both runs, by their place in the set; samples that only one has are left out.
    init(_ samples: [Int: BenchSample], against other: [Int: BenchSample]) {
        let pairs = samples.compactMap { index, sample in other[index].map { (sample.right, $0.right) } }
        self.init(gained: pairs.count { $0 && !$1 }, lost: pairs.count { !$0 && $1 }, count: pairs.count)
    }
}
