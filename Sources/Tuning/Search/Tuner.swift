public import Compute
import Evaluation
public import FlashU
public import Foundation
public import Pipelines
import ShowO2
import Tensors

/// Finds the accelerations that fit a model, by measuring it against itself: no labels, no presets of other models.
public struct Tuner: Sendable {
    /// What to do.
    public struct Settings: Sendable {
        /// What to tune for.
        public var tasks: [Calibration.Task]
        /// Prompts to draw.
        public var prompts: [String]
        /// Questions on images and videos; empty = three questions on each of the model's own drawings.
        public var questions: [TuneQuestion]
        /// Where the questions' images and videos are.
        public var folder: URL
        /// Frames of a video.
        public var frames: Int
        /// Seconds in all; nil = three hours, or what 25 of the exact engine's images take, if that is less.
        public var budget: Double?
        /// Points that may be lost by each profile.
        public var losses: [Double]
        /// The exact engine's.
        public var precision: Precision
        /// Precisions that are tried beside the exact engine's, where that is bfloat16.
        public var triedPrecisions: [Precision]
        /// Tokens of an answer at most.
        public var maxTokens: Int
        /// Noise of the first prompt.
        public var seed: UInt64
        /// Threads; nil = all cores.
        public var threads: Int?

        /// All of it.
        public init(
            tasks: [Calibration.Task] = Calibration.Task.allCases, prompts: [String],
            questions: [TuneQuestion], folder: URL, frames: Int = 32, budget: Double?, losses: [Double] = [1, 3],
            precision: Precision = .bf16, triedPrecisions: [Precision] = [.int8, .int4], maxTokens: Int = 64,
            seed: UInt64 = 0, threads: Int? = nil
        ) {
            (self.tasks, self.prompts, self.questions, self.folder) = (tasks, prompts, questions, folder)
            self.frames = frames
            (self.budget, self.losses, self.precision, self.triedPrecisions) = (
                budget, losses, precision, triedPrecisions
            )
            (self.maxTokens, self.seed, self.threads) = (maxTokens, seed, threads)
        }
    }

    /// What tuning will take, told before it begins.
    public struct Plan: Sendable {
        /// Seconds in all.
        public var seconds: Double
        /// By task: seconds of an exact sample, and samples of search, choice and verdict.
        public var tasks: [(task: Calibration.Task, sample: Double, search: Int, choice: Int, verdict: Int)]
        /// Bytes at most that it takes besides what drawing and asking take, in memory and, until it is done, on disk.
        public var extra: Int
        /// Whether an interrupted run is gone on with.
        public var isResumed: Bool
    }

    private let folder: ModelFolder
    private let settings: Settings
    private let work: URL

    /// Bytes of trajectories that are kept at most, in memory and, for an interrupted run, on disk; and of videos' frames, in memory.
    static let statesLimit = 256 << 20

    /// - Parameters:
    ///   - folder: the model's.
    ///   - work: keeps what was measured until it is done; nil = `.tune` in the model's folder.
    public init(_ folder: ModelFolder, _ settings: Settings, work: URL? = nil) {
        (self.folder, self.settings) = (folder, settings)
        self.work = work ?? folder.url.appendingPathComponent(".tune")
    }

    /// Share of the time that goes into images that are asked about, where none are given, and as many seconds where it isn't known yet.
    private static let drawingShare = 0.1
    private static let drawingSeconds = 300.0

    /// Where it keeps what was measured.
    public var workFolder: URL { work }

    /// Names of profiles by their place among the losses.
    public static let names = ["balanced", "fast"]

    /// Tunes.
    ///
    /// - Parameters:
    ///   - announce: told what it will take, once a first sample is measured.
    ///   - progress: told of every handful of samples.
    /// - Throws: ``TuneError``, what drawing and asking throw, `CancellationError` within a unit of work.
    public func run(
        announce: @escaping @Sendable (Plan) -> Void, progress: @escaping @Sendable (TuneProgress) -> Void
    ) async throws -> TuneReport {
        try check()
        do {
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        } catch {
            throw TuneError.journal(
                "cannot keep what is measured in \(work.path): \((error as NSError).localizedDescription)")
        }
        let fingerprint = ContentFingerprint.of(model: folder.url)
        let calibration = ContentFingerprint.of(calibration: folder.url)
        let journal = try TuneJournal(
            work.appendingPathComponent("journal.jsonl"), settings: settingsText(fingerprint, calibration))
        let models = TuneModels(folder, threads: settings.threads)
        var report = TuneReport(
            model: folder.geometry.name, settings: settings.losses, precision: settings.precision.rawValue)
        var found: [(name: String, task: Calibration.Task, profile: AccelerationProfile, TunedProfiles.Finding)] = []
        var plan = Plan(
            seconds: settings.budget ?? 0, tasks: [], extra: Self.statesLimit, isResumed: journal.isResumed)

        let samples = TuneSamples(settings)
        var spentTo = 0.0
        for (place, task) in settings.tasks.enumerated() {
            let trials: any Trials
            let knobs: [Knob]
            var schedules: Knob?
            let isCalibrated = try folder.calibration()?.scores[task] != nil
            switch task {
            case .generation:
                trials = DrawingTrials(
                    models, exact: settings.precision, prompts: samples.prompts, folder: work, room: Self.statesLimit)
                schedules = Knobs.schedules(
                    points: folder.geometry.sampling.steps,
                    hasMagnitude: try folder.calibration()?.scores[task]?.magnitude != nil)
                knobs = Knobs.drawing(isCalibrated: isCalibrated, layers: folder.geometry.llm.layers)
            case .understanding:
                let seconds =
                    plan.seconds > 0 ? Self.drawingShare * (plan.seconds - spentTo) : Self.drawingSeconds
                let images = try await samples.images(models, settings, work, within: seconds) {
                    progress(
                        .init(
                            task: task, stage: "drawing what is asked about", candidate: $0, spent: journal.spent,
                            of: plan.seconds))
                }
                trials = AnswerTrials(
                    models, exact: settings.precision, samples: images, frames: settings.frames,
                    maxTokens: settings.maxTokens, room: Self.statesLimit)
                knobs = Knobs.answering(
                    isCalibrated: isCalibrated, hasVideos: settings.questions.contains { $0.subject.isVideo },
                    folder.geometry)
            }
            var all = knobs
            if !settings.triedPrecisions.isEmpty, settings.precision == .bf16 {
                // First, as it saves most.
                let options = settings.triedPrecisions.map { Knob.Option($0.rawValue, [:], precision: $0) }
                all.insert(Knob(name: "precision", options: options, isOrdered: true), at: 0)
            }
            let sample = try await Self.seconds(ofSample: trials)
            let first = try await trials.exact(.search, 0)
            if plan.seconds == 0 {
                // Of images, 25; a question takes no time in comparison.
                let constant = await trials.constantSeconds
                plan.seconds = min(3 * 3600, (task == .generation ? 25 : 400) * (first.seconds + constant))
                plan.seconds = max(plan.seconds, 120)
            }
            // A drawing takes longer than an answer: of both tasks drawing gets two thirds.
            let share = max(30, plan.seconds - spentTo) * (place + 1 < settings.tasks.count ? 2.0 / 3 : 1)
            let options = (schedules == nil ? 0 : 24) + all.reduce(0) { $0 + $1.options.count }
            let budget = TuneBudget(
                start: spentTo, seconds: share, sample: sample, cost: task == .generation ? 0.4 : 0.8,
                options: options, tries: share / sample > 200 ? 12 : 4, limits: settings.losses.count,
                available: (trials.count(.search), trials.count(.choice), trials.count(.verdict)))
            plan.tasks.append((task, sample, budget.search, budget.choice, budget.verdict))
            if place == 0 || place == settings.tasks.count - 1 { announce(plan) }
            let tuner = TaskTuner(
                trials, journal: journal, budget: budget, limits: settings.losses, exact: settings.precision,
                tell: progress)
            let chosen = try await tuner.tune(schedules: schedules, knobs: all) { knob in
                try await Self.promising(
                    knob, trials, geometry: folder.geometry, magnitude: folder.calibration()?.scores[task]?.magnitude)
            }
            await report.add(task, tuner, chosen, constant: trials.constantSeconds, note: trials.note)
            for (limit, one) in zip(settings.losses.indices, chosen) {
                let name = limit < Self.names.count ? Self.names[limit] : "loss-\(settings.losses[limit])"
                let constant = await trials.constantSeconds
                let finding = TunedProfiles.Finding(
                    precision: one.trial.candidate.precision.rawValue, limit: one.limit, loss: one.trial.loss,
                    judge: await trials.judge,
                    speedup: (one.exactSeconds + constant) / max(one.trial.seconds + constant, 1e-9),
                    seconds: one.trial.seconds + constant, exactSeconds: one.exactSeconds + constant)
                found.append((name, task, try one.trial.candidate.profile(), finding))
            }
            if let answers = trials as? AnswerTrials, let last = chosen.last {
                report.changed = try await answers.changed(last.trial.candidate, .verdict, count: 20)
            }
            if let drawings = trials as? DrawingTrials {
                report.sheet = try await drawings.sheet(chosen.map(\.trial.candidate))
            }
            spentTo = journal.spent
        }
        // What was found for the other task, perhaps meanwhile, stays.
        var entries: [String: TunedProfiles.Entry] = [:]
        if let before = try? TunedProfiles(folder: folder.url), before.model == fingerprint {
            entries = before.profiles
        }
        for (name, task, profile, finding) in found {
            var entry = entries[name] ?? .init(profile: .off)
            entry.profile = entry.profile.taking(task, from: profile)
            entry.profile.name = name
            entry[task] = finding
            entries[name] = entry
        }
        let threads = settings.threads ?? Machine.cores
        report.tuned = TunedProfiles(
            model: fingerprint, calibration: calibration, threads: threads, profiles: entries)
        report.spent = journal.spent
        return report
    }

    /// What a sample takes on the exact engine, being judged included. The first one, which pages weights in, does not count where others are cheap.
    private static func seconds(ofSample trials: any Trials) async throws -> Double {
        func prepare(_ count: Int) async throws -> Double {
            let start = ContinuousClock.now
            try await trials.prepare(.search, count: count)
            return (ContinuousClock.now - start).inSeconds
        }
        // References are answered twice.
        let runs = trials.task == .generation ? 1.0 : 2.0
        let first = try await prepare(1) / runs
        guard first < 10 else { return first }
        let more = try await prepare(4) / 3 / runs
        // References of an interrupted run are read, not made.
        let exact = try await trials.exact(.search, 0).seconds
        return max(more, exact)
    }

    /// Removes what was kept of an interrupted run.
    public func clean() { try? FileManager.default.removeItem(at: work) }

    private func check() throws(TuneError) {
        guard settings.losses.allSatisfy({ $0 > 0 && $0 <= 100 }), !settings.losses.isEmpty else {
            throw .samples("a loss must be above 0 and at most 100 points")
        }
        if settings.tasks.contains(.generation), settings.prompts.count < 6 {
            throw .samples(
                "\(settings.prompts.count) prompts are too few; search, choice and verdict want 2 each, better 20")
        }
        let images = Set(settings.questions.map(\.subject)).count
        if settings.tasks.contains(.understanding), !settings.questions.isEmpty, images < 6 {
            throw .samples("\(images) images or videos are too few; search, choice and verdict want 2 each, better 20")
        }
    }

    /// All that measurements depend on, machine included.
    private func settingsText(_ model: String, _ calibration: String?) -> String {
        var hash = ContentHash()
        for prompt in settings.prompts { hash.add(prompt) }
        for question in settings.questions { hash.add("\(question.subject)\n\(question.question)") }
        hash.add("\(settings.frames)")
        return [
            FlashUVersion.current, model, calibration ?? "none", settings.precision.rawValue, "\(settings.seed)",
            "\(settings.maxTokens)", "\(settings.threads ?? Machine.cores)", CPUCompute.instructionSet,
            Machine.processor,
            hash.hex,
        ].joined(separator: " ")
    }

    /// The schedules that promise, in families that go through the trajectory in the same way, mild ones first: fewer points with each solver, Euler's
    /// first, and of what reuses that which is nearest to the reference trajectories, among all that take about as many evaluations; the second nearest;
    /// the third. What is near need not be right, so the rivals are no rivals on paper only.
    private static func promising(
        _ knob: Knob, _ trials: any Trials, geometry: ShowO2Geometry, magnitude: MagCache.Magnitude?
    ) async throws -> [SearchOrder.Family] {
        func profile(_ option: Knob.Option) -> AccelerationProfile? {
            try? Candidate.exact(.bf16).with(option, of: knob.name).profile()
        }
        let points = geometry.sampling.steps
        var families = knob.options.filter(Knobs.isPlainSchedule).groupedInOrder(by: { $0.changes["schedule.sampler"] })
            .map { _, options in
                // One evaluation less than points.
                SearchOrder.Family(
                    options, isOrdered: true,
                    work: options.map { Double((profile($0)?.schedule.points(of: points) ?? points) - 1) })
            }
        guard let drawings = trials as? DrawingTrials else { return families }
        let trajectories = await drawings.trajectories().prefix(8)
        let offline = trajectories.compactMap {
            OfflineSchedule(
                $0, timeShift: geometry.sampling.timeShift, layers: geometry.llm.layers, magnitude: magnitude)
        }
        guard !offline.isEmpty else { return families }
        var scored: [(option: Knob.Option, error: Double, computed: Double)] = []
        for option in knob.options {
            guard let profile = profile(option) else { continue }
            let scores = try offline.map { try $0.score(profile, points: profile.schedule.points(of: points)) }
            let error = scores.reduce(0) { $0 + $1.error } / Double(scores.count)
            let computed = scores.reduce(0) { $0 + Double($1.computed) } / Double(scores.count)
            // A cache that never has its turn changes nothing.
            guard !scored.contains(where: { abs($0.error - error) < 1e-9 && $0.computed == computed }) else { continue }
            scored.append((option, error, computed))
        }
        let reusing = Dictionary(grouping: scored.filter { !Knobs.isPlainSchedule($0.option) }) {
            Int((log2($0.computed) * 3).rounded())
        }.sorted { $0.key > $1.key }.map { $0.value.sorted { $0.error < $1.error } }
        for rank in 0..<Self.reusingFamilies {
            let family = reusing.filter { $0.count > rank }.map { $0[rank] }.sorted { $0.computed > $1.computed }
            guard !family.isEmpty else { continue }
            families.append(.init(family.map(\.option), isOrdered: true, work: family.map(\.computed)))
        }
        return families
    }

    /// Of schedules that reuse: the nearest to the trajectory, the second nearest, and so on.
    private static let reusingFamilies = 3
}

extension AccelerationProfile {
    /// With one task's fields of another profile.
    func taking(_ task: Calibration.Task, from other: AccelerationProfile) -> AccelerationProfile {
        var profile = self
        switch task {
        case .generation:
            let (ffn, layers) = (profile.ffn.understandingRatio, profile.layers)
            (profile.schedule, profile.ffn, profile.guidance) = (other.schedule, other.ffn, other.guidance)
            (profile.headCache, profile.features) = (other.headCache, other.features)
            (profile.velocityCache, profile.blockCache) = (other.velocityCache, other.blockCache)
            profile.ffn.understandingRatio = ffn
            profile.layers = other.layers
            profile.layers.understandingRatio = layers.understandingRatio
            profile.layers.understandingChoice = layers.understandingChoice
        case .understanding:
            profile.ffn.understandingRatio = other.ffn.understandingRatio
            profile.layers.understandingRatio = other.layers.understandingRatio
            profile.layers.understandingChoice = other.layers.understandingChoice
            (profile.tokens, profile.reading) = (other.tokens, other.reading)
        }
        return profile
    }
}
