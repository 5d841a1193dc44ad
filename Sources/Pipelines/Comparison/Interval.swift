/// A mean with its 95 % interval.
public struct Interval: Sendable, Equatable, Codable {
    /// The mean of the samples.
    public var mean: Double
    /// Lower end of its 95 % interval.
    public var low: Double
    /// Upper end of its 95 % interval.
    public var high: Double
    /// Samples.
    public var count: Int

    /// From samples that are paired already: each one a difference, or a distance, of two runs on the same input.
    ///
    /// The interval is the percentile bootstrap's (Efron and Tibshirani, 1993) over the inputs, always of the same draws, so that the same samples give
    /// the same interval. With fewer than two samples nothing is known of the spread: the interval is infinite.
    public init(of samples: [Double], resamples: Int = 2000) {
        count = samples.count
        mean = samples.isEmpty ? .nan : samples.reduce(0, +) / Double(samples.count)
        guard samples.count > 1 else {
            (low, high) = (-.infinity, .infinity)
            return
        }
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        var means = (0..<resamples).map { _ in
            var sum = 0.0
            for _ in samples.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                sum += samples[Int((state >> 33) % UInt64(samples.count))]
            }
            return sum / Double(samples.count)
        }
        means.sort()
        low = means[Int(0.025 * Double(resamples - 1))]
        high = means[Int(0.975 * Double(resamples - 1))]
    }

    /// The same in other units.
    public func scaled(by factor: Double) -> Interval {
        var scaled = self
        scaled.mean *= factor
        (scaled.low, scaled.high) = (min(low * factor, high * factor), max(low * factor, high * factor))
        return scaled
    }

    // JSON has no infinity: an end that is not known is left out.
    private enum CodingKeys: String, CodingKey { case mean, low, high, count }

    /// Reads what ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        mean = try values.decodeIfPresent(Double.self, forKey: .mean) ?? .nan
        low = try values.decodeIfPresent(Double.self, forKey: .low) ?? -.infinity
        high = try values.decodeIfPresent(Double.self, forKey: .high) ?? .infinity
        count = try values.decode(Int.self, forKey: .count)
    }

    /// Writes mean, ends (none where they are infinite) and count.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        if mean.isFinite { try values.encode(mean, forKey: .mean) }
        if low.isFinite { try values.encode(low, forKey: .low) }
        if high.isFinite { try values.encode(high, forKey: .high) }
        try values.encode(count, forKey: .count)
    }
}
