import Compute
public import FlashU
import Foundation
public import ShowO2
import Tensors

/// Measures a model's parts: seconds, operations, and the share of what the machine can do, which is measured before and after.
public struct Benchmark: Sendable {
    /// What to measure and how.
    public struct Options: Sendable {
        /// Tasks.
        public var tasks: Set<Task> = [.generation, .understanding, .vae]
        /// What may be done to be faster.
        public var profile = AccelerationProfile.off
        /// Timed repetitions. With more than one, another goes before them to warm up.
        public var repeats = 5
        /// Whether to run every evaluation of an image instead of each kind of evaluation.
        public var full = false
        /// Points of the time grid; nil = the geometry's, times the profile's share.
        public var steps: Int?
        /// Pixels of the VAE's image; nil = the geometry's.
        public var vaeSide: Int?
        /// Tokens of prompt and question.
        public var textTokens = 20
        /// Tokens of an answer.
        public var answerTokens = 16

        /// The defaults.
        public init() {}

        /// What of a network the tasks need; none for the VAE alone.
        public var modelTasks: ModelTasks {
            var needed: ModelTasks = []
            if tasks.contains(.generation) { needed.insert(.generation) }
            if tasks.contains(.understanding) { needed.insert(.understanding) }
            return needed
        }
    }

    /// A task.
    public enum Task: String, Sendable, CaseIterable {
        /// Text to image.
        case generation
        /// Questions about an image.
        case understanding
        /// The VAE alone.
        case vae
    }

    /// Everything that was measured.
    public struct Report: Sendable {
        /// The machine's limits in this run.
        public let limits: MachineLimits
        /// The parts.
        public let rows: [BenchRow]
    }

    let subject: BenchSubject
    let options: Options
    let progress: @Sendable (String) -> Void

    /// - Parameter progress: told what is being measured.
    public init(_ subject: BenchSubject, _ options: Options, progress: @escaping @Sendable (String) -> Void = { _ in })
    {
        (self.subject, self.options, self.progress) = (subject, options, progress)
    }

    /// Measures.
    /// - Throws: `ProfileError` for a profile outside the model, `ModelError`, `ComputeError`, `CancellationError`.
    public func run() throws -> Report {
        try options.profile.validate(
            layers: subject.geometry.llm.layers, encoderLayers: subject.geometry.vision.layers)
        progress("the machine's limits")
        let before = limits()
        var rows: [RawRow] = []
        if options.tasks.contains(.generation) { rows += try generation() }
        if options.tasks.contains(.understanding) { rows += try understanding() }
        if options.tasks.contains(.vae) { rows += try vae() }
        let after = limits()
        let limits = before.best(after)
        return Report(limits: limits, rows: rows.map { row($0, limits) })
    }

    private func limits() -> MachineLimits {
        let compute = subject.compute
        return MachineLimits(
            f32: compute.measuredProductLimit(.f32),
            bf16: compute.precision == .f32 ? 0 : compute.measuredProductLimit(.bf16),
            int8: compute.precision.fewestBits < .sixteen ? compute.measuredProductLimit(.int8) : 0,
            memory: compute.measuredReadRate())
    }

    private func row(_ raw: RawRow, _ limits: MachineLimits) -> BenchRow {
        let timing = raw.timing
        let rate = timing.median > 0 ? Double(timing.flops) / timing.median : 0
        let limitRate =
            raw.streaming.map { $0.memoryRate * Double(timing.flops) / Double($0.bytes) }
            ?? limits.products(timing.work)
        return BenchRow(
            model: subject.geometry.name, task: raw.task, name: raw.name, seconds: timing.median, least: timing.least,
            most: timing.most, flops: timing.flops, rate: rate, limit: raw.streaming == nil ? .products : .memory,
            limitRate: limitRate, share: limitRate > 0 ? rate / limitRate : 0, count: raw.count,
            peakBytes: raw.peakBytes, precision: subject.compute.precision.rawValue, threads: subject.compute.threads)
    }

    /// Times `body` with its operations, after a warm-up if there are several repetitions or `warmsUp` says so.
    /// Runs `between` before each repetition, with its number.
    func measure(
        repeats: Int? = nil, warmsUp: Bool = false, _ body: () throws -> Void, between: (Int) -> Void = { _ in }
    ) throws -> Timing {
        let repeats = repeats ?? options.repeats
        if repeats > 1 || warmsUp { try body() }
        var times: [Double] = []
        var work = OperationMeter.Reading()
        for i in 0..<repeats {
            try _Concurrency.Task.checkCancellation()
            between(i)
            let before = subject.compute.meter.reading
            times.append(try seconds(body))
            work = subject.compute.meter.reading - before
        }
        return Timing(seconds: times, work: work)
    }

    /// Times `body`, which memory limits, and in between the rate at which the machine reads memory, bytes a second: as other guests come and go it
    /// changes by half within seconds.
    func measureStreaming(repeats: Int, _ body: () throws -> Void) throws -> (Timing, memoryRate: Double) {
        let probe = ReadRate(subject.compute)
        var rates: [Double] = []
        let timing = try measure(repeats: repeats, body) { i in
            if i % 4 == 0 { rates.append(probe.measured(seconds: 0.1)) }
        }
        return (timing, rates.median)
    }

    /// The rows of a pass's parts that did anything, and the whole.
    func rows(_ parts: [Part: Timing], task: Task) -> [RawRow] {
        Part.allCases.compactMap { part in
            guard let timing = parts[part], timing.median > 0 else { return nil }
            return RawRow(task: task.rawValue, name: part.rawValue, timing: timing)
        }
    }

    /// The VAE alone. Its weights are packed in the warm-up.
    private func vae() throws -> [RawRow] {
        let geometry = subject.geometry
        let (width, height) = (options.vaeSide ?? geometry.imageWidth, options.vaeSide ?? geometry.imageHeight)
        progress("the VAE at \(width) x \(height)")
        let decoding = try decoding(width: width, height: height)
        let row = RawRow(task: Task.vae.rawValue, name: "VAE decode \(width) x \(height)", timing: decoding)
        return [
            row,
            RawRow(
                task: Task.vae.rawValue, name: "VAE encode \(width) x \(height)",
                timing: try encoding(width: width, height: height)),
        ]
    }

    func decoding(width: Int, height: Int) throws -> Timing {
        let latents = Self.noise([subject.vae.channels, height / WanVAE.scale, width / WanVAE.scale])
        return try measure(warmsUp: true) { _ = try subject.vae.decode(latents) }
    }

    func encoding(width: Int, height: Int) throws -> Timing {
        let pixels = Self.noise([3, height, width])
        return try measure(warmsUp: true) { _ = try subject.vae.encode(pixels) }
    }

    /// Values between -1 and 1, always the same.
    static func noise(_ shape: [Int]) -> Tensor {
        var state: UInt32 = 1
        let values = (0..<shape.reduce(1, *)).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) * 0x1p-23 - 1
        }
        return Tensor(values, shape: shape)
    }
}
