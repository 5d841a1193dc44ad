import Compute
public import FlashU
public import Foundation
public import Pipelines
import ShowO2

/// ShapesBench: how many prompts a model draws right, and how many questions about images it answers right, at which cost.
///
/// ```swift
/// let bench = ShapesBench(model)
/// var options = ShapesBench.Options()
/// options.profile = .paper
/// let report = try await bench.generation(options)
/// print(report.overall.share, report.seconds, report.flops)
/// ```
public struct ShapesBench: Sendable {
    /// The model under test.
    public let model: UnifiedModel
    /// Prompts, questions and images.
    public let set: ShapesSet

    /// A benchmark of a model.
    /// - Parameter folder: of the set; nil = `eval` in the model's folder.
    public init(_ model: UnifiedModel, folder: URL? = nil) {
        self.model = model
        set = ShapesSet(folder: folder ?? model.folder.appendingPathComponent("eval"))
    }

    /// How to run.
    public struct Options: Sendable {
        /// Only the first so many prompts or questions; nil = all.
        public var limit: Int?
        /// Image i starts from the noise of `seed + i`.
        public var seed: UInt64 = 1000
        /// Points of the time grid; nil = the model's.
        public var steps: Int?
        /// Guidance scale; nil = the model's.
        public var guidance: Float?
        /// Tokens of an answer at most.
        public var maxTokens = 64
        /// What may be done to be faster.
        public var profile = AccelerationProfile.off
        /// A file that keeps each verdict as it is done, and from which a run goes on; nil = none.
        public var record: URL?
        /// The record of another run of the same samples, which this one is compared with; nil = none.
        public var against: URL?

        /// The defaults: all of `Training/evaluate.py`.
        public init() {}
    }

    /// How far a run is.
    public struct Progress: Sendable {
        /// Samples done in this run.
        public let done: Int
        /// Samples to do in this run: those that the record holds are not counted.
        public let total: Int
        /// The last verdict.
        public let sample: BenchSample
    }

    /// The verdicts of a run, in the set's order. Those that the record holds are taken from it.
    struct Run {
        private let count: Int
        private let settings: BenchSettings
        private let progress: @Sendable (Progress) -> Void
        private var record: BenchRecord?
        private var samples: [Int: BenchSample]
        private let total: Int
        private var done = 0
        private let other: [Int: BenchSample]?

        init(
            inputs: [String], settings: BenchSettings, _ options: Options,
            progress: @escaping @Sendable (Progress) -> Void
        ) throws(BenchError) {
            let file = options.record
            other = try options.against.map { (file) throws(BenchError) in
                try Self.comparable(file, inputs, settings)
            }
            let count = inputs.count
            self.count = count
            self.settings = settings
            self.progress = progress
            if let file { record = try BenchRecord(file, settings: settings) }
            samples = (record?.samples ?? [:]).filter { (0..<count).contains($0.key) }
            total = count - samples.count
            for (index, sample) in samples where sample.input != inputs[index] {
                throw .otherSettings(
                    file: file?.path ?? "", field: "sample \(index)", recorded: "\"\(sample.input)\"",
                    asked: "\"\(inputs[index])\"")
            }
        }

        /// What is still to do.
        var missing: [Int] { (0..<count).filter { samples[$0] == nil } }

        func has(_ index: Int) -> Bool { samples[index] != nil }

        mutating func add(_ sample: BenchSample) throws(BenchError) {
            samples[sample.index] = sample
            try record?.append(sample)
            done += 1
            progress(Progress(done: done, total: total, sample: sample))
        }

        var report: BenchReport {
            BenchReport(
                samples.sorted { $0.key < $1.key }.map(\.value), settings: settings,
                against: other.map { PairedDifference(samples, against: $0) })
        }

        /// The verdicts of another run, which must be on the same samples, from the same noise.
        private static func comparable(_ file: URL, _ inputs: [String], _ settings: BenchSettings) throws(BenchError)
            -> [Int: BenchSample]
        {
            guard let (theirs, samples, _) = try BenchRecord.read(file) else {
                throw .unreadable("\(file.path) is empty; make it with flashu eval --output")
            }
            let fields = [
                ("task", theirs.task, settings.task), ("set", theirs.set, settings.set),
                ("seed", theirs.seed.map { "\($0)" } ?? "unset", settings.seed.map { "\($0)" } ?? "unset"),
            ]
            if let (field, recorded, asked) = fields.first(where: { $0.1 != $0.2 }) {
                throw .otherSettings(file: file.path, field: field, recorded: recorded, asked: asked)
            }
            return samples.filter { inputs.indices.contains($0.key) && $0.value.input == inputs[$0.key] }
        }
    }

    /// The first samples, as many as the limit allows.
    func first<Sample>(_ limit: Int?, of all: [Sample]) -> [Sample] { Array(all.prefix(max(0, limit ?? all.count))) }

    /// The settings of a run.
    func settings(_ task: String, _ options: Options, set fingerprint: String) -> BenchSettings {
        let draws = task == "generation"
        return BenchSettings(
            task: task, model: model.geometry.name, weights: Fingerprint.of(model: model.folder), set: fingerprint,
            precision: model.network.compute.precision.rawValue, seed: draws ? options.seed : nil,
            steps: draws ? options.steps : nil, guidance: draws ? options.guidance : nil,
            maxTokens: draws ? nil : options.maxTokens, profile: options.profile)
    }
}
