import FlashU
import Foundation
import Images
public import Pipelines

/// All that tuning found: what it chose, and what it chose from.
public struct TuneReport: Sendable, Codable {
    /// One configuration's measurements.
    public struct Point: Sendable, Codable {
        /// Its fields and precision.
        public var title: String
        /// What it is made of.
        public var choices: [String: String]
        /// `search`, `choice` or `verdict`.
        public var set: String
        /// Points lost.
        public var loss: Interval
        /// Mean seconds of a sample, VAE included.
        public var seconds: Double
        /// Mean operations of a sample, VAE not included.
        public var flops: Double
        /// The exact engine's seconds of the same samples, divided by these.
        public var speedup: Double
    }

    /// What one way to set a knob did, alone.
    public struct Effect: Sendable, Codable {
        /// The knob.
        public var knob: String
        /// How it was set.
        public var option: String
        /// Points lost beside the base.
        public var loss: Double
        /// Seconds as a share of the base's, VAE not included.
        public var seconds: Double
    }

    /// A profile that was chosen.
    public struct Choice: Sendable, Codable {
        /// Points that might be lost.
        public var limit: Double
        /// The profile on the verdict's samples.
        public var chosen: Point
        /// The fastest that changes the schedule or the image's size only, on the same samples; nil when that was chosen.
        public var rival: Point?
        /// What was faster, seemed to be within the limit, and is not on the verdict's samples.
        public var refuted: [Point]
    }

    /// What was found for a task.
    public struct TaskReport: Sendable, Codable {
        /// `generation` or `understanding`.
        public var task: String
        /// What knobs were turned on.
        public var base: String
        /// All that was tried.
        public var points: [Point]
        /// Knobs, one at a time.
        public var effects: [Effect]
        /// What was chosen.
        public var choices: [Choice]
        /// What is to be known of the losses; nil = nothing.
        public var note: String?
    }

    /// The model's name.
    public var model: String
    /// Points that might be lost.
    public var losses: [Double]
    /// The exact engine's precision.
    public var precision: String
    /// By task.
    public var tasks: [TaskReport] = []
    /// Questions that the fastest profile answers otherwise.
    var changed: [ChangedAnswer] = []
    /// PNG of some images side by side: the exact engine's, then each profile's.
    var sheet: Data?
    /// Seconds that it took.
    public var spent = 0.0
    /// What is written beside the model.
    public var tuned: TunedProfiles?

    init(model: String, settings: [Double], precision: String) {
        (self.model, losses, self.precision) = (model, settings, precision)
    }

    mutating func add(
        _ task: Calibration.Task, _ tuner: TaskTuner, _ chosen: [TaskTuner.Chosen], constant: Double, note: String?
    ) {
        func point(_ trial: Trial, _ set: SampleSet, _ exact: Double) -> Point {
            Point(
                title: trial.candidate.title, choices: trial.candidate.choices, set: set.rawValue, loss: trial.loss,
                seconds: trial.seconds + constant, flops: trial.flops,
                speedup: (exact + constant) / max(trial.seconds + constant, 1e-9))
        }
        let (searchExact, choiceExact) = (tuner.searched.first?.seconds ?? 0, tuner.compared.first?.seconds ?? 0)
        tasks.append(
            TaskReport(
                task: task.rawValue, base: tuner.base.title,
                points: tuner.searched.map { point($0, .search, searchExact) }
                    + tuner.compared.map { point($0, .choice, choiceExact) },
                effects: tuner.effects.map {
                    Effect(knob: $0.knob, option: $0.option.name, loss: $0.loss, seconds: $0.ratio)
                },
                choices: chosen.map { one in
                    Choice(
                        limit: one.limit, chosen: point(one.trial, .verdict, one.exactSeconds),
                        rival: one.rival.map { point($0, .verdict, one.exactSeconds) },
                        refuted: one.refuted.map { point($0, .verdict, one.exactSeconds) })
                }, note: note))
    }
}
