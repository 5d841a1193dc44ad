package import Compute
import FlashU
import Foundation
import Pipelines

/// Finds the fastest candidates within given losses for one task.
///
/// 1. Schedules are scored on reference trajectories, and those that promise are run on the search's samples: of each solver, and of reuse, the middle
///    first (``SearchOrder``).
/// 2. Every other knob is turned alone, on the fastest schedule that loses little, all knobs by turns.
/// 3. Losses are added and seconds multiplied over all combinations; the fastest that should do are run whole on the samples of the choice, until one
///    of them really does. The best schedules alone ("fewer points") always run too.
/// 4. The fastest that may be within a limit get more samples, in turn, until these decide: one image that fails among thirty is three points by
///    chance, and none among fifteen is luck. While there is time, what might be faster still is run, too, what is expected to lose least first.
/// 5. What was chosen is judged on samples that nothing was chosen by. What loses more there than the limit, beyond doubt, gives way to the next.
///
/// (Adding up the divergences of single knobs and searching in that: "DOP", arXiv 2507.02909.)
package final class TaskTuner {
    package let trials: any Trials
    private let journal: TuneJournal
    private let budget: TuneBudget
    private let limits: [Double]
    private let exactPrecision: Precision
    private let tell: (TuneProgress) -> Void
    /// All that was run on the search's samples.
    package private(set) var searched: [Trial] = []
    /// All that was run on the choice's.
    package private(set) var compared: [Trial] = []
    /// What each knob did on the base, by knob.
    package private(set) var effects: [KnobEffect] = []
    /// What knobs were turned on.
    package private(set) var base: Candidate

    /// What was chosen for a limit, and how it did on fresh samples.
    package struct Chosen {
        package let limit: Double
        package let trial: Trial
        /// The exact engine's mean seconds on the same samples.
        package let exactSeconds: Double
        /// The best of the rivals that only change the schedule, or the image's size.
        package let rival: Trial?
        /// What seemed to be within the limit, was faster, and is not on the fresh samples.
        package let refuted: [Trial]
    }

    package init(
        _ trials: any Trials, journal: TuneJournal, budget: TuneBudget, limits: [Double], exact precision: Precision,
        tell: @escaping (TuneProgress) -> Void
    ) {
        (self.trials, self.journal, self.budget, self.limits) = (trials, journal, budget, limits.sorted())
        (exactPrecision, self.tell) = (precision, tell)
        base = .exact(precision)
    }

    private var task: String { trials.task.rawValue }

    // MARK: Running

    /// A candidate on the first `count` samples of a set; what the journal knows is not run again.
    private func run(_ candidate: Candidate, _ set: SampleSet, count: Int) async throws -> Trial {
        try Task.checkCancellation()
        var samples = [Measured?](repeating: nil, count: count)
        var missing: [Int] = []
        for index in 0..<count {
            samples[index] =
                candidate == .exact(exactPrecision)
                ? try await trials.exact(set, index) : journal.known(candidate, task, set, index)
            if samples[index] == nil { missing.append(index) }
        }
        // In handfuls, so that a run that is killed loses little. Another precision is another model, which takes its time to load.
        let handful = max(1, isOnExactModel(candidate) ? budget.handful : missing.count)
        for start in stride(from: 0, to: missing.count, by: handful) {
            let some = Array(missing[start..<min(start + handful, missing.count)])
            for (index, measured) in zip(some, try await timed(candidate, set, some)) {
                samples[index] = measured
                try journal.add(measured, candidate, task, set, index)
            }
            tell(
                .init(
                    task: trials.task, stage: stage, candidate: candidate.title, spent: journal.spent,
                    of: budget.seconds))
        }
        return Trial(candidate: candidate, samples: samples.compactMap(\.self))
    }

    /// Runs a handful of samples. Neighbours come and go, and what was measured minutes apart is compared: so some of the exact engine's samples run again
    /// meanwhile, and seconds count in units of what these take now, of what they took when the references were made. Not where samples take so long that
    /// this would cost too much.
    private func timed(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) async throws -> [Measured] {
        guard budget.handful >= Self.pacedHandful, indices.count >= Self.leastPaced else {
            return try await trials.run(candidate, set, indices)
        }
        // Another model stays until all are done.
        let parts = isOnExactModel(candidate) ? max(1, indices.count / Self.pacedPart) : 1
        let part = (indices.count + parts - 1) / parts
        var measured: [Measured] = []
        for start in stride(from: 0, to: indices.count, by: part) {
            let some = Array(indices[start..<min(start + part, indices.count)])
            let run = try await trials.run(candidate, set, some)
            let pace = try await pace(set, some)
            measured += run.map {
                var measured = $0
                measured.seconds *= pace
                return measured
            }
        }
        return measured
    }

    private func isOnExactModel(_ candidate: Candidate) -> Bool { candidate.precision == exactPrecision }

    /// How fast the machine is now, of what it was when references were made: by the median of three of them, after one that warms up.
    private func pace(_ set: SampleSet, _ indices: [Int]) async throws -> Double {
        _ = try await trials.exactSecondsNow(set, indices[0])
        var ratios: [Double] = []
        for index in [indices[0], indices[indices.count / 2], indices[indices.count - 1]] {
            let known = try await trials.exact(set, index).seconds
            ratios.append(known / max(try await trials.exactSecondsNow(set, index), 1e-9))
        }
        return ratios.sorted()[1]
    }

    /// Samples between two lines of the journal from which on the exact engine is cheap enough to be run again.
    private static let pacedHandful = 60

    /// Samples from which on it does run again, and after how many.
    private static let leastPaced = 12
    private static let pacedPart = 40

    /// A candidate on a quarter of the samples, and on all unless it is hopeless by then.
    private func race(_ candidate: Candidate, _ set: SampleSet, count: Int, limit: Double) async throws -> Trial {
        let first = try await run(candidate, set, count: max(2, count / 4))
        guard first.samples.count < count, first.meanLoss - first.error <= limit || !first.error.isFinite else {
            return first
        }
        return try await run(candidate, set, count: count)
    }

    private var stage = ""

    /// The loosest limit.
    private var most: Double { limits.last ?? 3 }
    /// Losses from which on nothing that saves more can be of use.
    private var hopeless: Double { 2 * most }
    /// What leaves half of the least limit to other knobs.
    private var room: Double { 0.5 * (limits.first ?? 1) }

    private func order(_ families: [SearchOrder.Family]) -> SearchOrder {
        SearchOrder(families, limits: limits + [room], hopeless: hopeless)
    }

    // MARK: The search

    /// Runs the whole search.
    ///
    /// - Parameter families: the schedules that promise, mild ones first, by what goes through the trajectory in the same way.
    package func tune(schedules: Knob?, knobs: [Knob], families: (Knob) async throws -> [SearchOrder.Family])
        async throws
        -> [Chosen]
    {
        stage = "reference"
        try await trials.prepare(.search, count: budget.search)
        searched.append(try await run(.exact(exactPrecision), .search, count: budget.search))

        stage = "schedules"
        if let schedules { try await run(schedules, families(schedules)) }
        let schedulesRun = searched
        base = fastest(of: searched, within: limits.first ?? 1)?.candidate ?? .exact(exactPrecision)
        let baseTrial = try await run(base, .search, count: budget.search)

        stage = "knobs"
        try await turn(knobs, on: baseTrial)

        stage = "combinations"
        try await trials.prepare(.choice, count: budget.choice)
        let combinations = Combination.all(of: schedulesRun, knobs.map(\.name), effects, loss: 1.5 * most)
        let exactChoice = try await run(.exact(exactPrecision), .choice, count: budget.choice)
        compared.append(exactChoice)
        // The rivals first: what only changes the schedule, or the image's size.
        for candidate in rivals() where budget.has(.choice, journal.spent) {
            compared.append(try await race(candidate, .choice, count: budget.choice, limit: most))
        }
        for limit in limits {
            let fast = fastest(of: compared, within: limit)?.seconds ?? .infinity
            let promising = combinations.filter { $0.loss <= 0.9 * limit && $0.seconds < fast }.sorted {
                $0.seconds < $1.seconds
            }
            for combination in Combination.varied(promising, count: budget.tries)
            where budget.has(.choice, journal.spent) {
                if let known = fastest(of: compared, within: limit), known.seconds <= combination.seconds { break }
                guard !compared.contains(where: { $0.candidate == combination.candidate }), runs(combination.candidate)
                else { continue }
                compared.append(try await race(combination.candidate, .choice, count: budget.choice, limit: most))
            }
        }
        let (left, from) = (budget.end(.choice) - journal.spent, journal.spent)
        for (place, limit) in limits.enumerated() {
            let until = from + left * Double(place + 1) / Double(limits.count)
            while journal.spent < until {
                if let next = undecided(limit) {
                    let count = min(trials.count(.choice), compared[next].samples.count * 3 / 2 + 1)
                    try await trials.prepare(.choice, count: count)
                    compared[next] = try await run(compared[next].candidate, .choice, count: count)
                } else if let next = further(combinations, limit) {
                    compared.append(try await race(next, .choice, count: budget.choice, limit: most))
                } else {
                    break
                }
            }
        }

        stage = "verdict"
        try await trials.prepare(.verdict, count: budget.verdict)
        let exactVerdict = try await run(.exact(exactPrecision), .verdict, count: budget.verdict)
        var chosen: [Chosen] = []
        for limit in limits {
            // What keeps a stricter limit and is no slower serves this one, too; so does the exact engine.
            let (trial, refuted) = try await confirmed(limit, or: [exactVerdict] + chosen.suffix(1).map(\.trial))
            var rival: Trial?
            if let other = fastest(of: compared.filter(\.candidate.isPlain), within: limit),
                other.candidate != trial.candidate
            {
                rival = try await run(other.candidate, .verdict, count: budget.verdict)
            }
            chosen.append(
                Chosen(
                    limit: limit, trial: trial, exactSeconds: exactVerdict.seconds, rival: rival, refuted: refuted))
        }
        return chosen
    }

    /// The fastest that is within a limit by the choice's samples and that the verdict's do not refute, of `known` too; and those that they do. There are
    /// few of these, so that the last one's loss is still a fair one, and none after the task's time.
    private func confirmed(_ limit: Double, or known: [Trial]) async throws -> (Trial, refuted: [Trial]) {
        var (found, refuted) = (known, [Trial]())
        let promising = compared.filter { Self.isWithin($0, limit) }.sorted { $0.seconds < $1.seconds }
        for choice in promising.prefix(Self.verdicts) {
            let before = journal.spent
            let trial = try await run(choice.candidate, .verdict, count: budget.verdict)
            guard Self.isRefuted(trial, limit) else {
                found.append(trial)
                break
            }
            refuted.append(trial)
            guard 2 * journal.spent - before <= budget.seconds else { break }
        }
        let best = found.min { $0.seconds < $1.seconds } ?? known[0]
        return (best, refuted.filter { $0.seconds < best.seconds })
    }

    /// What the verdict's samples see for a limit, at most.
    private static let verdicts = 4

    /// Whether a loss is above a limit by more than a deviation of its mean.
    package static func isRefuted(_ trial: Trial, _ limit: Double) -> Bool {
        trial.meanLoss - trial.error > limit
    }

    /// Runs schedules by families: first what ``SearchOrder`` asks for, then what is left, until some leave room to other knobs.
    private func run(_ knob: Knob, _ families: [SearchOrder.Family]) async throws {
        var order = order(families)
        while budget.has(.schedules, journal.spent) {
            var place = order.next()
            if place == nil, searched.count(where: { $0.meanLoss <= room }) <= Self.roomySchedules {
                place = order.rest()
            }
            guard let place else { break }
            let option = order.families[place.family].options[place.option]
            let candidate = Candidate.exact(exactPrecision).with(option, of: knob.name)
            guard runs(candidate) else {
                order.record(place, loss: .infinity)
                continue
            }
            let trial = try await race(candidate, .search, count: budget.search, limit: hopeless)
            order.record(place, loss: trial.meanLoss, error: trial.error)
            searched.append(trial)
        }
    }

    /// Schedules that lose little, the exact engine among them, from which on no more are looked for.
    private static let roomySchedules = 5

    /// Turns every knob alone, on the base: by turns, then more of the kind of what did best, then what is left.
    private func turn(_ knobs: [Knob], on base: Trial) async throws {
        var order = order(knobs.map { .init($0.options, isOrdered: $0.isOrdered) })
        func turn(_ place: SearchOrder.Place) async throws {
            let (knob, option) = (knobs[place.family], knobs[place.family].options[place.option])
            let effect = try await self.turn(knob, option, on: base)
            order.record(place, loss: effect?.loss ?? .infinity)
        }
        while budget.has(.options, journal.spent), let place = order.next() { try await turn(place) }
        for knob in knobs {
            guard let refine = knob.refine else { continue }
            // Those that lose least, of those that save something.
            let best = effects.filter { $0.knob == knob.name && $0.ratio < 1 }
                .sorted { ($0.loss, $0.ratio) < ($1.loss, $1.ratio) }.prefix(3)
            for effect in best {
                for option in refine(effect.option) where budget.has(.knobs, journal.spent) {
                    _ = try await self.turn(knob, option, on: base)
                }
            }
        }
        while budget.has(.knobs, journal.spent), let place = order.next() ?? order.rest() { try await turn(place) }
    }

    /// Turns a knob alone, on the base; nil for what this model doesn't know.
    private func turn(_ knob: Knob, _ option: Knob.Option, on base: Trial) async throws -> KnobEffect? {
        let candidate = base.candidate.with(option, of: knob.name)
        guard runs(candidate) else { return nil }
        let trial = try await race(candidate, .search, count: budget.search, limit: hopeless)
        searched.append(trial)
        // Compared on the samples that both have.
        let own = Trial(candidate: base.candidate, samples: Array(base.samples.prefix(trial.samples.count)))
        let effect = KnobEffect(
            knob: knob.name, option: option, loss: trial.meanLoss - own.meanLoss,
            ratio: trial.seconds / max(own.seconds, 1e-9))
        effects.append(effect)
        return effect
    }

    /// Whether the model can run a candidate, whose fields may exclude each other.
    private func runs(_ candidate: Candidate) -> Bool {
        guard let profile = try? candidate.profile() else { return false }
        return (try? trials.check(profile)) != nil
    }

    // MARK: Choosing

    /// The fastest of what was run that is within the limit.
    private func fastest(of trials: [Trial], within limit: Double) -> Trial? {
        trials.filter { Self.isWithin($0, limit) }.min { $0.seconds < $1.seconds }
    }

    /// Whether a loss is within a limit by a margin of one deviation of its mean, but of no more than a third of the limit: with few samples nothing
    /// could be chosen otherwise.
    package static func isWithin(_ trial: Trial, _ limit: Double) -> Bool {
        trial.meanLoss.isFinite && trial.meanLoss + min(trial.error, limit / 3) <= limit
    }

    /// Of what was compared and its samples do not decide on, if there are more, that with the fewest, so that none takes the time of all others; of as many
    /// the fastest. What is slower than something that is within the limit by as many as make one image that fails no more than it does not count.
    private func undecided(_ limit: Double) -> Int? {
        var found: Int?
        for index in compared.indices.sorted(by: { compared[$0].seconds < compared[$1].seconds }) {
            let trial = compared[index]
            if trial.candidate == .exact(exactPrecision) { break }
            let (isWithin, isAll) = (Self.isWithin(trial, limit), trial.samples.count >= trials.count(.choice))
            if isWithin && (isAll || Double(trial.items) >= 100 / limit) { break }
            let isOpen = !isAll && trial.samples.count >= budget.choice && trial.meanLoss - trial.error <= limit
            if isOpen, found.map({ trial.samples.count < compared[$0].samples.count }) ?? true { found = index }
        }
        return found
    }

    /// What may yet be faster than what is known to be within the limit, of all that was not run: what is expected to lose least. Losses do not quite add
    /// up, so that it may be expected to lose a little more than the limit.
    private func further(_ combinations: [Combination], _ limit: Double) -> Candidate? {
        let fast = fastest(of: compared, within: limit)?.seconds ?? .infinity
        let known = Set(compared.map(\.candidate))
        return combinations.filter {
            $0.seconds < 0.97 * fast && $0.loss <= 1.5 * limit && !known.contains($0.candidate)
        }
        .sorted { ($0.loss, $0.seconds) < ($1.loss, $1.seconds) }.first { runs($0.candidate) }?.candidate
    }

    /// For each limit the fastest schedules of each solver, or sizes, by the search's samples.
    private func rivals() -> [Candidate] {
        var rivals: [Candidate] = []
        let schedules = searched.filter { !$0.candidate.choices.isEmpty && $0.candidate.isPlain }
        for limit in limits {
            let bySolver = Dictionary(grouping: schedules) { $0.candidate.changes["schedule.sampler"] ?? "euler" }
            for (_, trials) in bySolver.sorted(by: { $0.key < $1.key }) {
                let within = trials.filter { $0.meanLoss <= limit }.sorted { $0.seconds < $1.seconds }
                for trial in within.prefix(2) where !rivals.contains(trial.candidate) { rivals.append(trial.candidate) }
            }
        }
        return rivals
    }
}
