import Compute
public import FlashU
public import Foundation
import ShowO2
import Tensors

/// What `flashu tune` found for a model: profiles by name, each with what it saves and costs there. Stored beside the model as `profiles.json`.
public struct TunedProfiles: Sendable, Codable, Equatable {
    /// The file's name in a model folder.
    public static let fileName = "profiles.json"

    /// One profile.
    public struct Entry: Sendable, Codable, Equatable {
        /// All fields, of both tasks.
        public var profile: AccelerationProfile
        /// What was found for drawing; nil if that was not tuned.
        public var generation: Finding?
        /// What was found for answering; nil if that was not tuned.
        public var understanding: Finding?

        /// A profile and what was found.
        public init(profile: AccelerationProfile, generation: Finding? = nil, understanding: Finding? = nil) {
            (self.profile, self.generation, self.understanding) = (profile, generation, understanding)
        }

        /// What was found for a task.
        public subscript(task: Calibration.Task) -> Finding? {
            get { task == .generation ? generation : understanding }
            set { if task == .generation { generation = newValue } else { understanding = newValue } }
        }
    }

    /// What a profile saves and costs on one task, measured on samples that it was not chosen by.
    public struct Finding: Sendable, Codable, Equatable {
        /// `f32`, `bf16`, `int8` or `int4`: with which the rest was measured.
        public var precision: String
        /// Points that might be lost.
        public var limit: Double
        /// Points that are lost by the judge that knows no labels: 100 = all.
        public var loss: Interval
        /// Which judge that is.
        public var judge: String
        /// Seconds of the exact engine in `exactPrecision` for each second of this profile, VAE included.
        public var speedup: Double
        /// Mean seconds of an image, or of a question with its share of the image, VAE included.
        public var seconds: Double
        /// The same of the exact engine.
        public var exactSeconds: Double

        /// A finding.
        public init(
            precision: String, limit: Double, loss: Interval, judge: String, speedup: Double, seconds: Double,
            exactSeconds: Double
        ) {
            (self.precision, self.limit, self.loss, self.judge) = (precision, limit, loss, judge)
            (self.speedup, self.seconds, self.exactSeconds) = (speedup, seconds, exactSeconds)
        }
    }

    /// What wrote it.
    public var version: String
    /// When, ISO 8601.
    public var date: String
    /// Processor, cores and instruction set.
    public var machine: String
    /// ``ContentFingerprint/of(model:)`` of the model.
    public var model: String
    /// ``ContentFingerprint/of(calibration:)``; nil if it had none.
    public var calibration: String?
    /// By name.
    public var profiles: [String: Entry]

    /// Made now, on this machine.
    public init(model: String, calibration: String?, threads: Int, profiles: [String: Entry]) {
        version = "FlashU \(FlashUVersion.current)"
        date = Date.now.formatted(.iso8601)
        machine = "\(Machine.processor), \(threads) threads, \(CPUCompute.instructionSet)"
        (self.model, self.calibration, self.profiles) = (model, calibration, profiles)
    }

    /// Reads the file of a model folder; nil if it has none.
    /// - Throws: `FlashU/ProfileError` for a file that is none of these, or whose profiles can't be used.
    public init?(folder: URL) throws(ProfileError) {
        let file = folder.appendingPathComponent(Self.fileName)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        guard let data = FileManager.default.contents(atPath: file.path), data.count < 1 << 20,
            let read = try? JSONDecoder().decode(Self.self, from: data)
        else {
            throw .unreadable("\(file.path) is not what flashu tune writes; remove it, or tune the model again")
        }
        self = read
    }

    /// Writes the file into a model folder, whole or not at all.
    /// - Throws: `ModelError/missing(_:)` when that is not possible.
    public func write(to folder: URL) throws {
        let file = folder.appendingPathComponent(Self.fileName)
        do {
            try AtomicFile.write(StableJSON.data(self, isPretty: true) + Data("\n".utf8), to: file)
        } catch let failure as AtomicFile.Failure {
            throw ModelError.missing("cannot write \(file.path): \(failure.reason)")
        }
    }
}

extension ModelFolder {
    /// What a name means for this model.
    public struct NamedProfile: Sendable {
        /// The profile.
        public let profile: AccelerationProfile
        /// What was found for it, when it was tuned on this very model.
        public let entry: TunedProfiles.Entry?
        /// What the user should know; nil = nothing.
        public let note: String?
    }

    /// The profile of a name: that which was tuned for this model, else the preset; nil if there is none.
    ///
    /// - Throws: `FlashU/ProfileError` for a damaged `profiles.json`.
    public func profile(named name: String) throws(ProfileError) -> NamedProfile? {
        profile(named: name, in: try TunedProfiles(folder: url))
    }

    /// The same where the folder's tuned profiles have been read; nil = it has none.
    package func profile(named name: String, in tuned: TunedProfiles?) -> NamedProfile? {
        if let tuned, let entry = tuned.profiles[name] {
            if tuned.model == ContentFingerprint.of(model: url) {
                let moved =
                    entry.profile.needsCalibration
                    && tuned.calibration != ContentFingerprint.of(calibration: url)
                return NamedProfile(
                    profile: entry.profile, entry: entry,
                    note: moved
                        ? "\(name) was tuned with another calibration of this model; flashu tune again to be sure"
                        : nil)
            }
            guard let preset = AccelerationProfile.presets[name] else { return nil }
            return NamedProfile(
                profile: preset, entry: nil,
                note: "\(TunedProfiles.fileName) was made for other weights; \(name) is a cautious start (flashu tune)")
        }
        guard let preset = AccelerationProfile.presets[name] else { return nil }
        return NamedProfile(
            profile: preset, entry: nil,
            note: preset.isStart ? "\(name) is not tuned for this model; flashu tune -m \(url.path)" : nil)
    }
}

extension AccelerationProfile {
    /// Whether any task needs the calibration file.
    fileprivate var needsCalibration: Bool {
        Calibration.Task.allCases.contains { needsCalibration(for: $0) }
    }
}
