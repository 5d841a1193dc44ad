/// What one part of the work took: an object of the JSON output.
public struct BenchRow: Codable, Sendable {
    /// What bounds a part.
    public enum Limit: String, Codable, Sendable {
        /// Arithmetic: oneDNN's `sgemm` on all threads.
        case products
        /// Memory: the rate at which all threads read it.
        case memory
    }

    /// The geometry or model.
    public var model: String
    /// `generation`, `understanding` or `vae`.
    public var task: String
    /// The part.
    public var name: String
    /// Median seconds.
    public var seconds: Double
    /// Fewest seconds of the repetitions.
    public var least: Double
    /// Most seconds of the repetitions.
    public var most: Double
    /// Floating-point operations; convolutions count as done directly.
    public var flops: Int
    /// Operations a second.
    public var rate: Double
    /// What bounds it.
    public var limit: Limit
    /// Operations a second that the machine allows, measured in this run.
    public var limitRate: Double
    /// `rate / limitRate`.
    public var share: Double
    /// How often it happens in what was asked for: evaluations of an image.
    public var count: Int
    /// The process's largest memory so far, in bytes.
    public var peakBytes: Int
    /// Of weights and activations.
    public var precision: String
    /// Threads in use.
    public var threads: Int
}

/// A row before the machine's limits are known: they are measured before and after everything else.
struct RawRow {
    var task: String
    var name: String
    var timing: Timing
    var count = 1
    /// Bytes of weights that are read, where memory is the limit.
    var bytesRead: Int?
    var peakBytes = ProcessMemory.peak
}

/// The machine's limits, measured in the same run.
public struct MachineLimits: Codable, Sendable, Equatable {
    /// Operations a second of `sgemm`.
    public var products: Double
    /// Bytes read a second.
    public var memory: Double
}
