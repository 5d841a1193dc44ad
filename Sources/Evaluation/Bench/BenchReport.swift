import Foundation

/// The result of a benchmark.
public struct BenchReport: Sendable, Equatable, Codable {
    /// How many were right.
    public struct Score: Sendable, Equatable, Codable {
        /// Share that is right, 0 ... 1.
        public let share: Double
        /// Lower end of its 95 % interval (Wilson).
        public let low: Double
        /// Upper end of its 95 % interval (Wilson).
        public let high: Double
        /// Right ones.
        public let right: Int
        /// All.
        public let count: Int

        /// The score of `right` out of `count`.
        public init(right: Int, count: Int) {
            self.right = right
            self.count = count
            guard count > 0 else {
                (share, low, high) = (0, 0, 1)
                return
            }
            let z = 1.959964
            let (n, p) = (Double(count), Double(right) / Double(count))
            let centre = p + z * z / (2 * n)
            let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
            share = p
            low = max(0, (centre - spread) / (1 + z * z / n))
            high = min(1, (centre + spread) / (1 + z * z / n))
        }
    }

    /// What was run with which settings.
    public let settings: BenchSettings
    /// All samples.
    public let overall: Score
    /// By kind of prompt or question.
    public let tasks: [String: Score]
    /// Seconds that the model took: generation: prompt, denoising and VAE; understanding: encoding and reading each image (once), reading the
    /// questions and decoding. Loading is no part of it.
    public let seconds: Double
    /// Of these, the seconds of the VAE's decoder (generation).
    public let decodingSeconds: Double
    /// Floating-point operations: generation: prompt and denoising, without the VAE's decoder; understanding: all, the VAE's encoder included.
    public let flops: Int
    /// Samples.
    public let samples: Int
    /// The gain over another run, if one was given.
    public let against: PairedDifference?

    enum CodingKeys: String, CodingKey {
        case settings, overall, tasks, seconds, flops, samples, against
        case decodingSeconds = "decoding_seconds"
    }

    /// Sums samples up.
    public init(_ samples: [BenchSample], settings: BenchSettings, against: PairedDifference? = nil) {
        self.against = against
        func score(_ samples: [BenchSample]) -> Score {
            Score(right: samples.count { $0.right }, count: samples.count)
        }
        self.settings = settings
        overall = score(samples)
        tasks = Dictionary(grouping: samples, by: \.task).mapValues(score)
        seconds = samples.reduce(0) { $0 + $1.seconds + ($1.imageSeconds ?? 0) }
        decodingSeconds = samples.reduce(0) { $0 + ($1.decodingSeconds ?? 0) }
        // Saturating: records come from files.
        flops = samples.flatMap { [$0.flops, $0.imageFlops ?? 0] }.reduce(0) { sum, flops in
            let (total, overflow) = sum.addingReportingOverflow(flops)
            return overflow ? .max : total
        }
        self.samples = samples.count
    }
}
