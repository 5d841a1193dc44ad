import Compute
import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Policies that decide at run time make the decisions that their rules, written down plainly here, make on the same trajectory.
@Suite struct AdaptiveTests {
    let golden: Golden
    let model: ShowO2Model
    let special: SpecialTokens
    let prompts: [[Int]]
    /// Grows by half over the trajectory.
    static let magnitude = MagCache.Magnitude(times: [0, 0.5, 1], values: [1, 1.1, 1.5])

    init() throws {
        golden = try Golden("t2i_flashu_nano")
        model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        special = try #require(golden.manifest.special)
        prompts = try #require(golden.manifest.prompts_token_ids)
    }

    /// An evaluation as it was.
    struct Evaluation {
        let time: Float
        let plan: StepPlan
        let check: EvaluationCheck?
        let checks: EvaluationChecks
        let latents: [Float]
        let velocity: [Float]
        let flops: Int
        /// What the network showed.
        let seen: [String: [Float]]
    }

    /// Draws as a pipeline does; what was seen is kept of `names`.
    func draw(_ settings: [String: String], points: Int = 17, seeing names: Set<String> = []) throws -> (
        latents: [Float], run: [Evaluation]
    ) {
        let profile = try settings.sorted { $0.key < $1.key }
            .reduce(AccelerationProfile.off) { try $0.setting($1.key, to: $1.value) }
        try profile.validate(layers: 4, for: .generation)
        let schedule = try FlowSchedule(steps: points, timeShift: 3)
        let kind = profile.schedule.sampler
        let times = Sampler.evaluationTimes(kind, of: schedule.times)
        var planner = GenerationPlanner(
            profile, evaluations: times.count, layers: 4, neurons: nil, times: times, magnitude: Self.magnitude)
        let denoising = try Denoising(
            model: model, special: special, prompts: prompts, schedule: schedule, grid: model.geometry.grid,
            guided: true, keeps: planner.keeps)
        var sampler = Sampler(kind, times: schedule.times, from: try golden["noise"].toFloat32())
        let velocity = Tensor(zeros: sampler.latents.shape)
        var run: [Evaluation] = []
        while let step = sampler.next() {
            let latents = sampler.latents
            let plan = planner.plan(run.count, importance: denoising.layerImportance, latents: latents)
            let before = model.compute.meter.reading
            var seen: [String: [Float]] = [:]
            try denoising.velocity(
                latents, step: step, guidance: 4 * Float(planner.guidanceFactor(run.count)), plan, into: velocity,
                observe: { name, tensor in if names.contains(name) { seen[name] = tensor.floats() } })
            let check = planner.velocityCheck
            planner.observe(.init(latents: latents, velocity: velocity, checks: denoising.checks))
            run.append(
                Evaluation(
                    time: times[run.count], plan: plan, check: check, checks: denoising.checks,
                    latents: latents.floats(), velocity: velocity.floats(),
                    flops: (model.compute.meter.reading - before).total, seen: seen))
            sampler.accept(velocity)
        }
        return (sampler.latents.floats(), run)
    }

    static func l1(_ a: [Float], _ b: [Float]? = nil) -> Double {
        b.map { zip(a, $0).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) } }
            ?? a.reduce(0) { $0 + abs(Double($1)) }
    }

    /// The rule on what was recorded: which evaluations it reuses, and the sums that it saw.
    func easyCache(_ run: [Evaluation], threshold: Double, warmup: Int, longest: Int) -> (
        reused: [Int], sums: [Int: Double]
    ) {
        var (reused, sums): ([Int], [Int: Double]) = ([], [:])
        var computed: [Int] = []
        var (sum, k, inRow): (Double, Double?, Int) = (0, nil, 0)
        for (t, now) in run.enumerated() {
            if let k, t > 0, let last = computed.last {
                sum += k * Self.l1(now.latents, run[t - 1].latents) / Self.l1(run[last].velocity)
                sums[t] = sum
                if sum < threshold, t >= warmup, inRow < longest {
                    reused.append(t)
                    inRow += 1
                    continue
                }
            }
            if let last = computed.last {
                k = Self.l1(now.velocity, run[last].velocity) / Self.l1(now.latents, run[last].latents)
            }
            computed.append(t)
            (sum, inRow) = (0, 0)
        }
        return (reused, sums)
    }

    @Test(
        "EasyCache decides as its rule does, and reuses what its formula says",
        arguments: [
            ("0.25", "0", "5", "euler"), ("0.25", "-1", "5", "ab2"), ("2", "0.5", "3", "unipc"),
            ("2", "0", "1000", "dpmpp2m"),
        ])
    func easyCacheByItsRule(threshold: String, drift: String, longest: String, sampler: String) throws {
        let (_, run) = try draw([
            "velocityCache.policy": "easyCache", "velocityCache.threshold": threshold, "velocityCache.drift": drift,
            "velocityCache.longest": longest, "velocityCache.warmup": "0.2", "schedule.sampler": sampler,
        ])
        let expected = easyCache(
            run, threshold: try #require(Double(threshold)), warmup: 4, longest: try #require(Int(longest)))
        let reused = run.indices.filter { run[$0].plan.velocity != .compute }
        #expect(reused == expected.reused && !reused.isEmpty && reused.count < run.count - 4)
        for (t, one) in run.enumerated() {
            #expect(one.check?.isReused ?? false == reused.contains(t))
            #expect(abs((one.check?.measured ?? 0) - (expected.sums[t] ?? 0)) <= 1e-9)
        }
        for t in reused {
            let i = try #require((0..<t).last { !reused.contains($0) })
            let d = try #require(Float(drift))
            let formula = run[t].latents.indices.map {
                run[i].velocity[$0] + d * (run[t].latents[$0] - run[i].latents[$0])
            }
            #expect(relativeError(run[t].velocity, formula) < 1e-6)
            #expect(run[t].flops == 0)
        }
    }

    @Test("A forecast velocity is the line through the last two computed ones, guided as they were")
    func forecastVelocity() throws {
        let (_, run) = try draw([
            "velocityCache.policy": "easyCache", "velocityCache.threshold": "0.3", "velocityCache.order": "1",
        ])
        let computed = run.indices.filter { run[$0].plan.velocity == .compute }
        #expect(computed.count < run.count)
        for t in run.indices where run[t].plan.velocity != .compute {
            let known = computed.filter { $0 < t }.suffix(2)
            let (a, b) = (run[try #require(known.first)], run[try #require(known.last)])
            let share = (run[t].time - a.time) / (b.time - a.time)
            let line = zip(a.velocity, b.velocity).map { $0 + ($1 - $0) * share }
            #expect(relativeError(run[t].velocity, line) < 1e-5)
        }
    }

    @Test("MagCache decides as its rule does, the same for every request", arguments: [("0.05", "5"), ("0.3", "2")])
    func magCacheByItsRule(threshold: String, longest: String) throws {
        let (_, run) = try draw([
            "velocityCache.policy": "magCache", "velocityCache.threshold": threshold, "velocityCache.longest": longest,
            "velocityCache.warmup": "0.1",
        ])
        let (bound, most) = (try #require(Double(threshold)), try #require(Int(longest)))
        // Straight in the logarithm between the measured ones.
        func size(_ t: Float) -> Double {
            t < 0.5 ? pow(1.1, Double(t) / 0.5) : 1.1 * pow(1.5 / 1.1, (Double(t) - 0.5) / 0.5)
        }
        var (product, error, inRow) = (1.0, 0.0, 0)
        var expected: [Int] = []
        for t in run.indices.dropFirst() {
            product *= size(run[t].time) / size(run[t - 1].time)
            error += abs(1 - product)
            #expect(abs((run[t].check?.measured ?? -1) - error) < 1e-5)
            if error < bound, t >= 2, inRow < most {
                inRow += 1
                expected.append(t)
            } else {
                (product, error, inRow) = (1, 0, 0)
            }
        }
        #expect(run.indices.filter { run[$0].plan.velocity != .compute } == expected)
        #expect(!expected.isEmpty && expected.count < run.count - 3)
    }

    @Test(
        "A threshold of 0 is the exact engine",
        arguments: [
            ["velocityCache.policy": "easyCache", "velocityCache.threshold": "0"],
            ["velocityCache.policy": "magCache", "velocityCache.threshold": "0"],
            ["blockCache.layers": "2", "blockCache.threshold": "0"],
            ["blockCache.layers": "4", "blockCache.threshold": "0"],
            ["headCache.interval": "4", "headCache.order": "1", "headCache.tolerance": "1e-30"],
            ["headCache.interval": "1", "headCache.tolerance": "1"],
            ["guidance.start": "0", "guidance.end": "1", "guidance.rescale": "0"],
            ["velocityCache.policy": "easyCache", "velocityCache.threshold": "10", "velocityCache.warmup": "1"],
        ])
    func zeroIsExact(settings: [String: String]) throws {
        let same = try draw(settings).latents == draw([:]).latents
        #expect(same)
    }

    @Test(
        "The block cache measures what the first layers add, and decides by it",
        arguments: [("1", "0.25"), ("2", "0.3"), ("4", "0.3")])
    func blockCacheByItsRule(layers: String, threshold: String) throws {
        let (first, bound) = (try #require(Int(layers)), try #require(Double(threshold)))
        let names: Set<String> = ["llm.input", "llm.layer\(first - 1)"]
        let (_, run) = try draw(["blockCache.layers": layers, "blockCache.threshold": threshold], seeing: names)
        let (_, dense) = try draw([:])
        var known: [Float]?
        var reused = 0
        for (t, one) in run.enumerated() {
            let (input, output) = (try #require(one.seen["llm.input"]), try #require(one.seen["llm.layer\(first - 1)"]))
            let residual = zip(output, input).map(-)
            if let known {
                let change = Self.l1(residual, known) / Self.l1(known)
                let measured = try #require(one.checks.blocks).measured
                #expect(abs(measured - change) < 1e-5 * change)
                #expect(one.checks.blocks?.isReused == (change < bound))
            } else {
                #expect(one.checks.blocks?.isReused == false)
            }
            if one.checks.blocks?.isReused == true {
                reused += 1
                #expect(one.flops < dense[t].flops)
            } else {
                known = residual
                #expect(one.flops == dense[t].flops)
            }
        }
        #expect(reused > 0 && reused < run.count - 1, "\(run.map { $0.checks.blocks?.measured ?? -1 })")
    }

    @Test(
        "Where nothing changed, reusing what the layers added is what they would add", arguments: ["nano", "nano-eq"])
    func unchangedBlocksAreExact(name: String) throws {
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let special = try #require(try Golden("t2i_dense_\(name)").manifest.special)
        let denoising = try Denoising(
            model: model, special: special, prompts: prompts, schedule: FlowSchedule(steps: 5, timeShift: 3),
            grid: model.geometry.grid, guided: true, keeps: [.residuals])
        var random = SeededRandom(seed: 5)
        let latents = random.tensor(denoising.latentShape)
        let (first, again) = (Tensor(zeros: denoising.latentShape), Tensor(zeros: denoising.latentShape))
        var plan = StepPlan()
        plan.blocks = .reuseBeyond(layers: 1, ifChangeBelow: 1e-3)
        try denoising.velocity(latents, step: 2, guidance: 4, plan, into: first)
        #expect(denoising.checks.blocks?.isReused == false)
        try denoising.velocity(latents, step: 2, guidance: 4, plan, into: again)
        #expect(denoising.checks.blocks == EvaluationCheck(measured: 0, limit: 1e-3, isReused: true))
        #expect(relativeError(again.floats(), first.floats()) < 1e-5)
    }

    @Test("A forecast's error is that of the last layer's output, and the evaluation is computed where it is too large")
    func verifiedForecastByItsRule() throws {
        let tolerance = 0.02
        let name = "head_layer\(model.geometry.head.layers - 1)"
        let (_, run) = try draw(
            [
                "headCache.interval": "4", "headCache.order": "1", "headCache.warmup": "3",
                "headCache.tolerance": "\(tolerance)",
            ],
            points: 33, seeing: [name])
        var computed: [(time: Float, states: [Float])] = []
        var refused = 0
        var last = 0
        for (t, one) in run.enumerated() {
            let due = t <= 3 || t - last >= 4
            #expect((one.plan.head == .compute) == due, "evaluation \(t)")
            let states = try #require(one.seen[name])
            if let check = one.checks.head {
                let (a, b) = (computed[computed.count - 2], computed[computed.count - 1])
                let share = (one.time - a.time) / (b.time - a.time)
                let forecast = zip(a.states, b.states).map { $0 + ($1 - $0) * share }
                // A refused evaluation shows the computed states last; then only the verdict can be told.
                if check.isReused {
                    #expect(
                        abs(check.measured - Double(relativeError(forecast, states))) < 1e-3 * check.measured + 1e-6)
                }
                #expect(check.isReused == (check.measured <= tolerance))
            }
            if one.checks.head?.isReused != true {
                if !due { refused += 1 }
                computed.append((one.time, states))
                last = t
            }
        }
        #expect(refused > 0 && computed.count < run.count, "\(run.compactMap { $0.checks.head?.measured })")
    }

    @Test("Forecasts that are never refused are those of the fixed schedule")
    func lenientVerificationKeepsTheSchedule() throws {
        for warmup in ["0", "1", "4"] {
            let settings = ["headCache.interval": "3", "headCache.order": "1", "headCache.warmup": warmup]
            let (_, fixed) = try draw(settings)
            let (_, checked) = try draw(settings.merging(["headCache.tolerance": "10"]) { $1 })
            #expect(fixed.map { $0.plan.head == .compute } == checked.map { $0.plan.head == .compute })
            for (a, b) in zip(fixed, checked) where b.plan.head != .compute {
                #expect(b.checks.head?.isReused == true && b.flops > a.flops)
            }
        }
    }

    @Test("Guidance is on within its interval of time alone")
    func guidanceInterval() throws {
        let (_, run) = try draw(["guidance.start": "0.1", "guidance.end": "0.6", "guidance.differenceInterval": "2"])
        let (_, dense) = try draw([:])
        #expect(run.contains { $0.time < 0.1 } && run.contains { $0.time > 0.6 })
        for (t, one) in run.enumerated() {
            #expect((one.plan.branches == .conditional) == (one.time < 0.1 || one.time > 0.6))
            if one.plan.branches == .conditional { #expect(one.flops < dense[t].flops * 6 / 10) }
        }
        // The first guided evaluation has no difference to reuse.
        #expect(run.first { $0.plan.branches != .conditional }?.plan.branches == .both)
    }

    @Test("A velocity without guidance is not reused where guidance begins")
    func reuseAtTheIntervalsEdge() throws {
        let (_, run) = try draw([
            "guidance.start": "0.2", "velocityCache.policy": "easyCache", "velocityCache.threshold": "10",
            "velocityCache.longest": "1000",
        ])
        let first = try #require(run.firstIndex { $0.time >= 0.2 })
        #expect(run[first].plan.velocity == .compute && run[first].plan.branches == .both)
        #expect(run[first - 1].plan.velocity != .compute && run[first + 1].plan.velocity != .compute)
    }

    @Test("Rescaling brings each image's spread back to the conditional one's")
    func rescale() throws {
        var random = SeededRandom(seed: 7)
        let (guided, conditional) = (random.tensor([2, 3, 4, 5]), random.tensor([2, 3, 4, 5]))
        conditional.update { $1 * 0.3 + 0.1 }
        func spread(_ values: ArraySlice<Float>) -> Double {
            let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            return (values.reduce(0) { $0 + pow(Double($1) - mean, 2) } / Double(values.count)).squareRoot()
        }
        let (before, reference) = (guided.floats(), conditional.floats())
        GuidanceRescale.apply(0.7, to: guided, conditional: conditional)
        for image in 0..<2 {
            let range = image * 60..<(image + 1) * 60
            let factor = 0.7 * spread(reference[range]) / spread(before[range]) + 0.3
            let expected = before[range].map { Float(Double($0) * factor) }
            #expect(relativeError(Array(guided.floats()[range]), expected) < 1e-6)
        }
        // In a trajectory: it acts where the image is guided, and nowhere else.
        #expect(try draw(["guidance.rescale": "0.7"]).latents != draw([:]).latents)
        let tail = ["guidance.conditionalTail": "1"]
        let same = try draw(tail).latents == draw(tail.merging(["guidance.rescale": "0.7"]) { $1 }).latents
        #expect(same)
    }

    @Test(
        "With pruned layers, the full phase and reused differences they still draw",
        arguments: ["velocityCache.policy", "blockCache.layers", "headCache.interval"])
    func combinations(field: String) throws {
        let on = ["velocityCache.policy": "easyCache", "blockCache.layers": "1", "headCache.interval": "4"]
        let settings = [
            "layers.generationRatio": "0.5", "layers.refreshInterval": "5", "ffn.full": "end",
            "ffn.fullFraction": "0.2",
            "guidance.differenceInterval": "2", "guidance.conditionalTail": "0.2", "features.interval": "2",
            "schedule.sampler": "unipc", "headCache.tolerance": "0.2", "headCache.order": "1",
            "blockCache.threshold": "0.5", "velocityCache.threshold": "0.5", field: on[field] ?? "",
        ]
        let (latents, run) = try draw(settings)
        let finite = latents.allSatisfy(\.isFinite)
        #expect(finite)
        #expect(
            run.contains {
                $0.check?.isReused == true || $0.checks.blocks?.isReused == true || $0.checks.head?.isReused == true
            })
        for one in run.suffix(3) {
            #expect(one.plan.velocity == .compute && one.plan.head == .compute && one.checks.blocks?.isReused != true)
        }
        for one in run where one.plan.measuresLayers { #expect(one.checks.blocks?.isReused != true) }
    }
}
