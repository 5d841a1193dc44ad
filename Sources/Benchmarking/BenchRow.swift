import Compute

/// What one part of the work took: an object of the JSON output.
public struct BenchRow: Codable, Sendable {
    /// What bounds a part.
    public enum Limit: String, Codable, Sendable {
        /// Arithmetic: the better of oneDNN's product and the processor's peak on all threads, each operation in its own precision or a wider one
        /// that is faster.
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
    /// Where memory is the limit.
    var streaming: Streaming?
    var peakBytes = SystemMemory.peak
}

/// What work that memory limits reads.
struct Streaming {
    /// Weights, keys and values.
    var bytes: Int
    /// Bytes a second that the machine read in between.
    var memoryRate: Double
}

/// The machine's limits, measured in the same run: of products the better of oneDNN's and the processor's peak on registers.
public struct MachineLimits: Codable, Sendable, Equatable {
    /// Operations a second in float32.
    public var f32: Double
    /// Operations a second in bfloat16; 0 where the engine does not use it.
    public var bf16: Double
    /// Operations a second in int8; 0 where the engine does not use it.
    public var int8: Double
    /// Bytes read a second.
    public var memory: Double

    /// Operations a second that the machine's products allow such work: each operation at the rate of its type, or a wider one where that is
    /// faster.
    func products(_ work: OperationMeter.Reading) -> Double {
        let wide = max(f32, bf16)
        let integers = Double(work.int8 + work.int4)
        let least = Double(work.f32) / f32 + Double(work.bf16) / wide + integers / max(wide, int8)
        return least > 0 ? Double(work.total) / least : f32
    }

    /// The better of both, each.
    func best(_ other: MachineLimits) -> MachineLimits {
        MachineLimits(
            f32: max(f32, other.f32), bf16: max(bf16, other.bf16), int8: max(int8, other.int8),
            memory: max(memory, other.memory))
    }
}
