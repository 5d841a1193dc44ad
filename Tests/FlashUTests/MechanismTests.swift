import Compute
import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Every mechanism does what it says on the network: fewer operations, the right layers and tokens, nothing changed at ratio 0, and they combine.
@Suite struct MechanismTests {
    let golden: Golden
    let model: ShowO2Model
    let order: NeuronOrder
    let compute: CPUCompute

    init() throws {
        let golden = try Golden("t2i_flashu_nano")
        self.golden = golden
        compute = try CPUCompute(precision: .f32, threads: 2)
        let folder = Golden.model("nano")
        let weights = try openWeights(in: folder)
        let geometry = try ShowO2Geometry(folder: folder, weights: weights)
        let scores = try (0..<geometry.llm.layers).map { try golden["wanda.down_proj_score.\($0)"].floats() }
        let both = Calibration.Scores(wanda: scores, reconstruction: scores, layers: [0.4, 0.1, 0.3, 0.2])
        order = NeuronOrder(
            Calibration(scores: [.generation: both, .understanding: both]), generationRatio: 0.2,
            understandingRatio: 0.2)
        model = try ShowO2Model(geometry: geometry, weights: weights, compute: compute, neuronOrder: order.order)
    }

    /// Runs a trajectory; returns the final latents, the plans, and the operations of each evaluation.
    func draw(_ profile: AccelerationProfile, points: Int = 13) throws -> (
        latents: [Float], plans: [StepPlan], flops: [Int]
    ) {
        let schedule = try FlowSchedule(steps: points, timeShift: 3)
        let sampler = profile.schedule.sampler
        var planner = GenerationPlanner(
            profile, evaluations: Sampler.evaluations(sampler, points: points), layers: 4,
            neurons: order.ranges(.generation, ratio: profile.ffn.generationRatio))
        let denoising = try Denoising(
            model: model, special: #require(golden.manifest.special),
            prompts: #require(golden.manifest.prompts_token_ids), schedule: schedule, grid: model.geometry.grid,
            guided: true, keeps: planner.keeps)
        let latents = try golden["noise"].toFloat32()
        var plans: [StepPlan] = []
        var flops: [Int] = []
        try Sampler.solve(sampler, times: schedule.times, latents) { x, step, out in
            let evaluation = plans.count
            let plan = planner.plan(evaluation, importance: denoising.layerImportance)
            let before = compute.meter.reading
            try denoising.velocity(
                x, step: step, guidance: 4 * Float(planner.guidanceFactor(evaluation)), plan, into: out)
            plans.append(plan)
            flops.append((compute.meter.reading - before).total)
        }
        return (latents.floats(), plans, flops)
    }

    func finite(_ values: [Float]) -> Bool { values.allSatisfy(\.isFinite) }

    func profile(_ settings: [(String, String)]) throws -> AccelerationProfile {
        try settings.reduce(AccelerationProfile.off) { try $0.setting($1.0, to: $1.1) }
    }

    @Test(arguments: [
        [("ffn.generationRatio", "0"), ("ffn.full", "end")],
        [("layers.generationRatio", "0"), ("layers.refreshInterval", "2")],
        [("headCache.interval", "1"), ("headCache.order", "2")],
        [("guidance.earlyFactor", "0.5"), ("guidance.earlyFraction", "0")],
        [("guidance.differenceInterval", "1")], [("features.interval", "1")],
    ])
    func ratioZeroIsBitIdenticalToDense(settings: [(String, String)]) throws {
        let (dense, other) = (try draw(.off), try draw(profile(settings)))
        #expect(dense.latents == other.latents)
        #expect(dense.flops == other.flops)
        #expect(other.plans.allSatisfy { $0 == .dense })
    }

    /// Heun's solver evaluates the end of a step twice, from two places: a forecast through both would divide by no time at all.
    @Test(arguments: ["1", "2"])
    func forecastsWithHeunAreFinite(order: String) throws {
        let run = try draw(
            profile([
                ("schedule.sampler", "heun"), ("headCache.interval", "2"), ("headCache.order", order),
                ("features.interval", "2"), ("features.order", order),
            ]))
        #expect(finite(run.latents))
    }

    @Test func prunedFFNRunsFewerNeurons() throws {
        let (dense, pruned) = (try draw(.off), try draw(profile([("ffn.generationRatio", "0.2")])))
        // 160 -> 128 of 160 neurons: three products of 64 wide rows a layer.
        let rows = 2 * 37
        #expect(dense.flops[0] - pruned.flops[0] == 4 * 2 * rows * 3 * 64 * 32)
        #expect(dense.latents != pruned.latents)
    }

    @Test(arguments: ["end", "start"])
    func hybridFFNIsFullWhereItSays(phase: String) throws {
        let run = try draw(
            profile([("ffn.generationRatio", "0.2"), ("ffn.full", phase), ("ffn.fullFraction", "0.25")]))
        let full = run.plans.indices.filter { run.plans[$0].neurons == nil }
        #expect(full == (phase == "end" ? [9, 10, 11] : [0, 1, 2]))
    }

    @Test func skippedLayersAreTheLeastImportantAndCostNothing() throws {
        let run = try draw(profile([("layers.generationRatio", "0.5"), ("layers.refreshInterval", "5")]))
        let dense = try draw(.off)
        #expect(run.plans.indices.filter { run.plans[$0].measuresLayers } == [0, 5, 10])
        for (i, plan) in run.plans.enumerated() where !plan.measuresLayers {
            #expect(plan.skippedLayers.count == 2)
            #expect(run.flops[i] < dense.flops[i])
        }
        #expect(run.flops[0] == dense.flops[0])
    }

    @Test func cachedEvaluationsRunTheFinalLayerAlone() throws {
        let run = try draw(profile([("headCache.interval", "3")]))
        for (i, plan) in run.plans.enumerated() {
            if i % 3 == 0 {
                #expect(plan.head == .compute)
            } else {
                // [2 * 37 rows, 96] x [96, 64]: nothing of the LLM, the head's layers or the semantic encoder.
                #expect(run.flops[i] == 2 * (2 * 37) * 96 * 64)
            }
        }
    }

    @Test func forecastIsCloserThanReuse() throws {
        let dense = try draw(.off, points: 41).latents
        let errors = try [0, 1].map { order in
            relativeError(
                try draw(
                    profile([("headCache.interval", "2"), ("headCache.order", "\(order)"), ("headCache.warmup", "4")]),
                    points: 41
                )
                .latents, dense)
        }
        #expect(errors[1] < errors[0], "\(errors)")
    }

    @Test func unconditionalBranchIsSpared() throws {
        let dense = try draw(.off)
        let tail = try draw(profile([("guidance.conditionalTail", "0.5")]))
        #expect(tail.plans.indices.filter { tail.plans[$0].branches == .conditional } == Array(6..<12))
        #expect(tail.flops[11] < dense.flops[11] * 6 / 10)
        let reused = try draw(profile([("guidance.differenceInterval", "2")]))
        #expect(reused.plans.indices.filter { reused.plans[$0].branches == .both } == [0, 2, 4, 6, 8, 10])
        #expect(reused.flops[1] < dense.flops[1] * 6 / 10)
        #expect(relativeError(reused.latents, dense.latents) < 0.5)
    }

    @Test func semanticFeaturesAreReused() throws {
        let (dense, run) = (try draw(.off), try draw(profile([("features.interval", "2"), ("features.order", "1")])))
        #expect(run.flops[0] == dense.flops[0])
        #expect(run.flops[1] < dense.flops[1])
    }

    @Test func everythingCombines() throws {
        var profile = AccelerationProfile.paper
        profile.layers.generationRatio = 0.5
        profile.features.interval = 2
        profile.guidance.differenceInterval = 2
        profile.guidance.conditionalTail = 0.2
        profile.headCache.order = 2
        profile.schedule.sampler = .unipc
        let (dense, run) = (try draw(.off), try draw(profile))
        #expect(finite(run.latents))
        #expect(run.flops.reduce(0, +) < dense.flops.reduce(0, +))
    }

    // MARK: Understanding

    /// Reads the golden image and a question, decodes two tokens; returns the logits and what happened.
    func ask(_ profile: AccelerationProfile) throws -> (logits: [[Float]], kept: [Int]?, flops: [Int]) {
        let golden = try Golden("mmu_image_nano")
        let special = try #require(golden.manifest.special)
        let prefix = try golden["text_tokens_a"].floats().map { Int($0) }
        let question = try golden["text_tokens_b"].floats().map { Int($0) }.dropFirst(2)
        var planner = ReadingPlanner(
            profile, layers: 4, neurons: order.ranges(.understanding, ratio: profile.ffn.understandingRatio),
            scores: .init(wanda: [], reconstruction: [], layers: [0.4, 0.1, 0.3, 0.2]))
        let reading = try SequenceReader(model: model, special: special)
        var flops: [Int] = []
        var logits: [[Float]] = []
        func metered(_ body: () throws -> Void) rethrows {
            let before = compute.meter.reading
            try body()
            flops.append((compute.meter.reading - before).total)
        }
        try metered {
            try reading.read(
                [.text(prefix), .image(ImagePiece(latents: golden["image_latents"]))], planner.imagePlan,
                cut: planner.cut)
        }
        try metered { logits.append(try reading.logits(after: Array(question), planner.questionPlan).floats()) }
        planner.chooseLayers(reading.layerImportance)
        for token in [57, 450] {
            try metered { logits.append(try reading.logits(after: [token], planner.decodingPlan).floats()) }
        }
        return (logits, reading.keptTokens, flops)
    }

    @Test func understandingAtRatioZeroIsDense() throws {
        let zero = try profile([
            ("tokens.dropRatio", "0"), ("layers.understandingRatio", "0"), ("ffn.understandingRatio", "0"),
        ])
        #expect(try ask(zero).logits == ask(.off).logits)
    }

    @Test func droppedTokensVanishFromLaterLayers() throws {
        let dense = try ask(.off)
        let run = try ask(profile([("tokens.dropRatio", "0.5"), ("tokens.layer", "1")]))
        #expect(run.kept?.count == 18)
        for (a, b) in zip(run.flops, dense.flops) { #expect(a < b) }
        #expect(finite(run.logits.flatMap(\.self)) && run.logits != dense.logits)
    }

    /// Dropping nothing through the cut's code path changes nothing: slots, positions and limits are right.
    @Test func aCutThatKeepsAllIsExact() throws {
        let golden = try Golden("mmu_image_nano")
        let special = try #require(golden.manifest.special)
        let prefix = try golden["text_tokens_a"].floats().map { Int($0) }
        func logits(_ cut: TokenCut?) throws -> [[Float]] {
            let reading = try SequenceReader(model: model, special: special)
            try reading.read(
                [.text(prefix), .image(ImagePiece(latents: golden["image_latents"]))], cut: cut)
            return try [[3, 4, 5], [6], [7]].map { try reading.logits(after: $0).floats() }
        }
        #expect(try logits(nil) == logits(TokenCut(layer: 1) { Array($0.indices) }))
    }

    @Test(arguments: ["prefill", "calibration"])
    func understandingSkipsLayers(choice: String) throws {
        let dense = try ask(.off)
        let run = try ask(profile([("layers.understandingRatio", "0.5"), ("layers.understandingChoice", choice)]))
        // Measured on the prefill, skipping starts with the answer; from the calibration it spares the prefill too.
        #expect((run.flops[0] < dense.flops[0]) == (choice == "calibration"))
        #expect(run.flops[2] < dense.flops[2] && run.flops[3] < dense.flops[3])
    }

    @Test func understandingMechanismsCombine() throws {
        let run = try ask(
            profile([
                ("tokens.dropRatio", "0.7"), ("tokens.layer", "0"), ("layers.understandingRatio", "0.25"),
                ("layers.understandingChoice", "calibration"), ("ffn.understandingRatio", "0.2"),
            ]))
        #expect(finite(run.logits.flatMap(\.self)))
        let dense = try ask(.off)
        #expect(run.flops.reduce(0, +) < dense.flops.reduce(0, +))
    }
}
