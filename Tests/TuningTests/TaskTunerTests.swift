import Compute
import FlashU
import FlashUTesting
import Foundation
import Synchronization
import Testing
import Tuning

/// The search, on tasks whose losses and times are known.
@Suite("The tuner's search") struct TaskTunerTests {
    /// A task in which every changed field costs and saves its own, with a little noise by sample.
    actor Known: Trials {
        nonisolated let task = Calibration.Task.generation
        nonisolated var constantSeconds: Double { 0 }
        nonisolated let judge = "a table"
        /// Points lost and share of the time, by `field=value`.
        let costs: [String: (loss: Double, time: Double)]
        /// Lost besides when both are there.
        let clash: (Set<String>, loss: Double)?
        /// Points lost besides on the choice's second sample, by whatever is not exact.
        let mishap: Double
        /// A field that makes the verdict's samples twice as slow as those before.
        let slowdown: String?
        /// Points lost besides on the verdict's samples, by field.
        let surprise: [String: Double]
        /// How much slower the machine is for everything but the references, by how many samples were run.
        let weather: @Sendable (Int) -> Double
        /// Seconds that all samples took.
        nonisolated let clock = Mutex(0.0)
        private(set) var ran: [SampleSet: Set<String>] = [:]
        private(set) var runs = 0
        /// What got more of the choice's samples than all, in order.
        private(set) var extended: [String] = []

        init(
            _ costs: [String: (loss: Double, time: Double)], clash: (Set<String>, loss: Double)? = nil,
            mishap: Double = 0, slowdown: String? = nil, surprise: [String: Double] = [:],
            weather: @escaping @Sendable (Int) -> Double = { _ in 1 }
        ) {
            (self.costs, self.clash, self.mishap, self.slowdown) = (costs, clash, mishap, slowdown)
            (self.surprise, self.weather) = (surprise, weather)
        }

        nonisolated func count(_ set: SampleSet) -> Int { set == .choice ? 400 : 40 }
        nonisolated func check(_ profile: AccelerationProfile) throws {}
        func prepare(_ set: SampleSet, count: Int) {}
        func exact(_ set: SampleSet, _ index: Int) -> Measured { Measured(loss: 0, seconds: 1, flops: 100) }
        func exactSecondsNow(_ set: SampleSet, _ index: Int) -> Double { weather(runs) }

        func run(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) -> [Measured] {
            ran[set, default: []].insert(candidate.title)
            runs += indices.count
            if set == .choice, indices.first ?? 0 >= 40 { extended.append(candidate.title) }
            var (loss, time) = (0.0, 1.0)
            let fields = Set(candidate.changes.map { "\($0.key)=\($0.value)" })
            for field in fields {
                loss += (costs[field]?.loss ?? 0) + (set == .verdict ? surprise[field] ?? 0 : 0)
                time *= costs[field]?.time ?? 1
            }
            if candidate.precision == .int8 {
                loss += costs["int8"]?.loss ?? 0
                time *= costs["int8"]?.time ?? 1
            }
            if let slowdown, fields.contains(slowdown), set == .verdict { time *= 2 }
            time *= weather(runs)
            if let clash, clash.0.isSubset(of: fields) { loss += clash.loss }
            clock.withLock { $0 += time * Double(indices.count) }
            return indices.map { index in
                // Noise that is the same for all candidates, as that of prompts is.
                let own = loss * (0.9 + 0.2 * Double(index % 2))
                return Measured(
                    loss: set == .choice && index == 1 ? own + mishap : own, seconds: time, flops: Int(100 * time))
            }
        }
    }

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func journal(_ known: Known) throws -> TuneJournal {
        try TuneJournal(folder["\(UUID().uuidString).jsonl"], settings: "test") { known.clock.withLock(\.self) }
    }

    func tune(
        _ known: Known, knobs: [Knob], schedules: Knob? = nil, limits: [Double] = [1, 3], seconds: Double = 1e6,
        families: [[Knob.Option]]? = nil
    ) async throws -> (TaskTuner, [TaskTuner.Chosen]) {
        let budget = TuneBudget(
            start: 0, seconds: seconds, sample: 0.2, cost: 0.5, options: 20, tries: 20, limits: 2,
            available: (40, 40, 40))
        let tuner = TaskTuner(
            known, journal: try journal(known), budget: budget, limits: limits, exact: .bf16, tell: { _ in })
        return (
            tuner,
            try await tuner.tune(schedules: schedules, knobs: knobs) {
                (families ?? [$0.options]).map { .init($0, isOrdered: true) }
            }
        )
    }

    static let schedules = Knob(
        name: "schedule",
        options: [0.8, 0.5, 0.3, 0.1].map { .init("\($0)", ["schedule.stepsFactor": "\($0)"]) }, isOrdered: true)
    static let neurons = Knob(
        name: "neurons", options: [0.1, 0.3, 0.5].map { .init("\($0)", ["ffn.generationRatio": "\($0)"]) },
        isOrdered: true)
    static let precision = Knob(name: "precision", options: [.init("int8", [:], precision: .int8)])
    static let costs: [String: (loss: Double, time: Double)] = [
        "schedule.stepsFactor=0.8": (0, 0.8), "schedule.stepsFactor=0.5": (0.2, 0.5),
        "schedule.stepsFactor=0.3": (0.5, 0.3), "schedule.stepsFactor=0.1": (9, 0.1),
        "ffn.generationRatio=0.1": (0.1, 0.95), "ffn.generationRatio=0.3": (0.3, 0.8),
        "ffn.generationRatio=0.5": (1.3, 0.7), "int8": (0.1, 0.6),
    ]

    @Test("The fastest combination within each loss is found, whole, on fresh samples")
    func finds() async throws {
        let known = Known(Self.costs)
        let (_, chosen) = try await tune(
            known, knobs: [Self.neurons, Self.precision], schedules: Self.schedules)
        #expect(chosen.map(\.limit) == [1, 3])
        // 0.5 + 0.1 + 0.1 = 0.7, and a margin that more samples make small; the next pruning would be 0.2 more.
        let mild = ["schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.1"]
        #expect(chosen[0].trial.candidate.changes == mild && chosen[0].trial.candidate.precision == .int8)
        #expect(
            chosen[1].trial.candidate.changes == ["schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.5"]
                && chosen[1].trial.candidate.precision == .int8)
        // Fewer points alone is told beside.
        #expect(chosen[0].rival?.candidate.changes == ["schedule.stepsFactor": "0.3"])
        // The verdict's samples have seen what was chosen, and its rivals, only.
        #expect(await known.ran[.verdict]?.count ?? 0 <= 4)
    }

    @Test("One image that fails among forty does not decide: more are drawn")
    func mishap() async throws {
        let known = Known(Self.costs, mishap: 40)
        let (tuner, chosen) = try await tune(
            known, knobs: [Self.neurons, Self.precision], schedules: Self.schedules)
        #expect(chosen[0].trial.candidate.changes["schedule.stepsFactor"] == "0.3")
        #expect(chosen[0].trial.candidate.precision == .int8)
        #expect(tuner.compared.contains { $0.samples.count > 100 })
        // What loses too much is not drawn for ever.
        let bad = Known(Self.costs.mapValues { (loss: $0.loss + 8, time: $0.time) }, mishap: 100)
        let (other, nothing) = try await tune(bad, knobs: [Self.neurons], schedules: Self.schedules)
        #expect(nothing.allSatisfy { $0.trial.candidate.changes.isEmpty })
        #expect(other.compared.allSatisfy { $0.samples.count < 400 })
    }

    @Test("What loses more together than alone is found out before it is chosen")
    func clash() async throws {
        let known = Known(
            Self.costs, clash: (["schedule.stepsFactor=0.3", "ffn.generationRatio=0.5"], loss: 6))
        let (_, chosen) = try await tune(
            known, knobs: [Self.neurons, Self.precision], schedules: Self.schedules)
        #expect(chosen[1].trial.candidate.changes != ["schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.5"])
        for one in chosen { #expect(one.trial.meanLoss <= one.limit, "\(one.trial.candidate.title)") }
        // The best that is left prunes less.
        #expect(chosen[1].trial.seconds <= 0.3 * 0.8 * 0.6 + 1e-9)
    }

    @Test("While there is time, what is expected to lose a little too much is run as well")
    func further() async throws {
        let layers = Knob(name: "layers", options: [.init("0.2", ["layers.generationRatio": "0.2"])])
        let costs = Self.costs.merging(
            ["ffn.generationRatio=0.5": (0.5, 0.7), "layers.generationRatio=0.2": (0.4, 0.8)]) { $1 }
        // 0.5 + 0.5 + 0.4 = 1.4 are expected, and 0.6 are lost.
        let known = Known(costs, clash: (["ffn.generationRatio=0.5", "layers.generationRatio=0.2"], loss: -0.8))
        let (_, chosen) = try await tune(
            known, knobs: [Self.neurons, layers], schedules: Self.schedules, limits: [1])
        #expect(
            chosen[0].trial.candidate.changes == [
                "schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.5", "layers.generationRatio": "0.2",
            ])
    }

    @Test("A machine that is slower for a while misleads nobody")
    func weather() async throws {
        let calm = Known(Self.costs)
        // Three times slower for half of the time, in spells of some candidates.
        let stormy = Known(Self.costs, weather: { $0 / 300 % 2 == 0 ? 1 : 3 })
        let knobs = [Self.neurons, Self.precision]
        let (_, expected) = try await tune(calm, knobs: knobs, schedules: Self.schedules)
        let (_, chosen) = try await tune(stormy, knobs: knobs, schedules: Self.schedules)
        #expect(chosen.map(\.trial.candidate) == expected.map(\.trial.candidate))
        for (one, other) in zip(chosen, expected) { #expect(abs(one.trial.seconds / other.trial.seconds - 1) < 0.1) }
    }

    @Test("Of several that samples do not decide none takes the time of all others")
    func inTurn() async throws {
        let known = Known(["ffn.generationRatio=0.1": (0.9, 0.6), "ffn.generationRatio=0.3": (0.9, 0.5)])
        let knob = Knob(
            name: "neurons", options: ["0.1", "0.3"].map { .init($0, ["ffn.generationRatio": $0]) })
        _ = try await tune(known, knobs: [knob], limits: [1])
        let extended = await known.extended
        // Later ones come in several handfuls.
        #expect(extended.count > 4 && extended[0] != extended[1] && extended[1] != extended[2], "\(extended)")
    }

    @Test("What turns out no faster than the exact engine is not chosen")
    func slower() async throws {
        let known = Known(["ffn.generationRatio=0.3": (0.1, 0.8)], slowdown: "ffn.generationRatio=0.3")
        let knob = Knob(name: "neurons", options: [.init("0.3", ["ffn.generationRatio": "0.3"])])
        let (_, chosen) = try await tune(known, knobs: [knob])
        #expect(chosen.allSatisfy { $0.trial.candidate.changes.isEmpty })
    }

    @Test("What fresh samples refute gives way to the next, not the next to what they don't")
    func refuted() async throws {
        // Half of the neurons pruned lose two points, and eleven on the verdict's samples.
        let known = Known(Self.costs, surprise: ["ffn.generationRatio=0.5": 9])
        let (_, chosen) = try await tune(known, knobs: [Self.neurons, Self.precision], schedules: Self.schedules)
        let mild = ["schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.1"]
        #expect(chosen[0].trial.candidate.changes == mild && chosen[0].refuted.isEmpty)
        #expect(chosen[1].trial.candidate.changes == ["schedule.stepsFactor": "0.3", "ffn.generationRatio": "0.3"])
        #expect(chosen[1].refuted.map { $0.candidate.changes["ffn.generationRatio"] } == ["0.5"])
        for one in chosen { #expect(one.trial.meanLoss <= one.limit, "\(one.trial.candidate.title)") }
        // Where all are refuted, a stricter profile or the exact engine is left.
        let all = Dictionary(uniqueKeysWithValues: ["0.8", "0.5", "0.3"].map { ("schedule.stepsFactor=\($0)", 9.0) })
        let (_, left) = try await tune(
            Known(Self.costs.filter { $0.key != "int8" }, surprise: all), knobs: [], schedules: Self.schedules)
        for one in left {
            #expect(one.trial.candidate.changes.isEmpty && one.refuted.count == 2, "\(one.trial.candidate.title)")
        }
        // Not by chance: by more than a deviation.
        let unlucky = Trial(
            candidate: .exact(.int8), samples: (0..<40).map { .init(loss: $0 == 0 ? 80 : 0, seconds: 1, flops: 1) })
        #expect(unlucky.meanLoss == 2 && !TaskTuner.isRefuted(unlucky, 1) && TaskTuner.isRefuted(unlucky, -0.1))
    }

    @Test("A looser limit never gets the slower profile")
    func looserIsNoSlower() async throws {
        let known = Known(Self.costs, slowdown: "ffn.generationRatio=0.5")
        let (tuner, chosen) = try await tune(
            known, knobs: [Self.neurons, Self.precision], schedules: Self.schedules)
        // It was the fastest within three points, until the verdict timed it again.
        #expect(tuner.compared.contains { $0.candidate.changes["ffn.generationRatio"] == "0.5" && $0.meanLoss <= 3 })
        #expect(chosen[1].trial.candidate == chosen[0].trial.candidate && chosen[1].limit == 3)
    }

    @Test("Where everything costs too much, nothing is chosen")
    func nothing() async throws {
        let known = Known(Self.costs.mapValues { (loss: $0.loss + 8, time: $0.time) })
        let (_, chosen) = try await tune(known, knobs: [Self.neurons], schedules: Self.schedules)
        for one in chosen { #expect(one.trial.candidate.changes.isEmpty && one.trial.seconds == 1) }
    }

    @Test("A search that ends early has seen some of every family, and of every knob")
    func early() async throws {
        // Fewer points with one solver cost too much, with the other little.
        var costs: [String: (loss: Double, time: Double)] = [
            "schedule.sampler=euler": (0, 1), "schedule.sampler=unipc": (-5, 1), "int8": (0.2, 0.6),
            "layers.generationRatio=0.2": (0.2, 0.8),
        ]
        let factors = [0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
        for factor in factors { costs["schedule.stepsFactor=\(factor)"] = (2 / factor, factor) }
        let families = ["euler", "unipc"].map { sampler in
            factors.map {
                Knob.Option(
                    "\(sampler) \($0)", ["schedule.sampler": sampler, "schedule.stepsFactor": "\($0)"])
            }
        }
        let many = Knob(
            name: "neurons", options: (1...60).map { .init("\($0)", ["ffn.generationRatio": "\(Double($0) / 100)"]) })
        let layers = Knob(name: "layers", options: [.init("0.2", ["layers.generationRatio": "0.2"])])
        let known = Known(costs)
        let (tuner, _) = try await tune(
            known, knobs: [many, layers, Self.precision], schedules: Self.schedules, seconds: 400, families: families)
        let tried = tuner.searched.map(\.candidate)
        for sampler in ["euler", "unipc"] {
            #expect(tried.contains { $0.changes["schedule.sampler"] == sampler })
        }
        // Two points over the share of the points, five less with UniPC.
        #expect(tuner.base.changes == ["schedule.sampler": "unipc", "schedule.stepsFactor": "0.4"])
        #expect(tuner.effects.contains { $0.knob == "layers" } && tuner.effects.contains { $0.knob == "precision" })
        #expect(tuner.effects.count(where: { $0.knob == "neurons" }) < 60)
    }

    @Test("The hopeless run on few samples")
    func racing() async throws {
        let known = Known(["schedule.stepsFactor=0.1": (50, 0.1)])
        let (tuner, _) = try await tune(known, knobs: [], schedules: Self.schedules)
        let hopeless = try #require(tuner.searched.first { $0.candidate.changes["schedule.stepsFactor"] == "0.1" })
        let fine = try #require(tuner.searched.first { $0.candidate.changes["schedule.stepsFactor"] == "0.5" })
        #expect(hopeless.samples.count <= fine.samples.count / 3)
    }

    @Test("A journal goes on where it was cut off, and knows other settings from its own")
    func resuming() throws {
        let file = folder["journal.jsonl"]
        let (one, other) = (Candidate.exact(.int8), Candidate.exact(.f32))
        do {
            let journal = try TuneJournal(file, settings: "a")
            #expect(!journal.isResumed)
            for index in 0..<3 {
                try journal.add(.init(loss: Double(index) / 3, seconds: 2, flops: 7), one, "generation", .search, index)
            }
        }
        // Killed in the middle of a line.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"candidate\":\"bf".utf8))
        try handle.close()
        do {
            let journal = try TuneJournal(file, settings: "a")
            #expect(journal.known(one, "generation", .search, 1) == .init(loss: 1.0 / 3, seconds: 2, flops: 7))
            #expect(
                journal.known(one, "generation", .choice, 1) == nil
                    && journal.known(other, "generation", .search, 1) == nil)
            try journal.add(.init(loss: 5, seconds: 1, flops: 1), other, "understanding", .verdict, 9)
        }
        let journal = try TuneJournal(file, settings: "a")
        #expect(
            journal.known(one, "generation", .search, 2) != nil
                && journal.known(other, "understanding", .verdict, 9)?.loss == 5)
        #expect(try TuneJournal(file, settings: "b").known(one, "generation", .search, 1) == nil)
    }
}
