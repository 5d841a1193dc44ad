import Compute
import FlashU
import Foundation
import ShowO2
import Tensors
import Tokenizers

extension Benchmark {
    /// A kind of evaluation: its plan, and how often an image needs it.
    private struct Kind {
        let plan: StepPlan
        /// The first evaluation of the kind.
        let first: Int
        var count: Int
    }

    /// One image: prompt, evaluations, VAE. Every kind of evaluation that the schedule holds is measured, and the image's time is their
    /// sum, each as often as it occurs.
    func generation() throws -> [RawRow] {
        guard let network = subject.network else { return [] }
        let (geometry, profile) = (subject.geometry, options.profile)
        let points = options.steps ?? profile.schedule.points(of: geometry.sampling.steps)
        let schedule = try FlowSchedule(steps: points, timeShift: geometry.sampling.timeShift)
        let evaluations = Sampler.evaluations(profile.schedule.sampler, points: schedule.times.count)
        let neurons = subject.neurons(ratio: profile.ffn.generationRatio)
        var planner = GenerationPlanner(
            profile, evaluations: evaluations, layers: geometry.llm.layers, neurons: neurons,
            times: Sampler.evaluationTimes(profile.schedule.sampler, of: schedule.times))
        let prompt = Array(repeating: 10, count: min(options.textTokens, geometry.maxPromptTokens))
        func denoising() throws -> Denoising {
            try Denoising(
                model: network, special: subject.special, prompts: [prompt], schedule: schedule, grid: geometry.grid,
                guided: geometry.sampling.guidance > 0, keeps: planner.keeps)
        }

        progress("the prompt")
        let prefill = try measure { _ = try denoising() }
        // In a scope of their own: what evaluations take memory for is given back before the VAE takes its own.
        let (parts, sum, kinds) = try {
            let batch = try denoising()
            let latents = Self.noise(batch.latentShape)
            let velocity = Tensor(zeros: batch.latentShape)
            func evaluate(_ i: Int, _ plan: StepPlan, at latents: Tensor) throws -> StageClock {
                let clock = StageClock(network.compute.meter)
                try batch.velocity(
                    latents, step: min(i, schedule.evaluations - 1), guidance: geometry.sampling.guidance, plan,
                    into: velocity, observe: clock.observe)
                clock.end()
                return clock
            }

            var parts: [Part: Timing] = [:]
            var sum = Timing()
            var kinds: [(kind: Kind, times: PassTimes)] = []
            // Which layers are skipped does not change the time: any ranking stands for a measured one.
            let importance = (0..<geometry.llm.layers).map(Double.init)
            // What looks at the image decides along a trajectory, and each evaluation is measured there, once.
            var sampler = Sampler(profile.schedule.sampler, times: schedule.times, from: latents)
            var evaluation = 0
            while profile.decidesByImage, let step = sampler.next() {
                try _Concurrency.Task.checkCancellation()
                progress("evaluation \(evaluation + 1) of \(evaluations)")
                let state = sampler.latents
                let plan = planner.plan(evaluation, importance: batch.layerImportance, latents: state)
                var times = PassTimes()
                times.add(try evaluate(step, plan, at: state))
                planner.observe(.init(latents: state, velocity: velocity, checks: batch.checks))
                sampler.accept(velocity)
                for (part, timing) in times.parts { parts[part] = (parts[part] ?? Timing()) + timing }
                sum = sum + times.total
                kinds.append((Kind(plan: plan, first: evaluation, count: 1), times))
                evaluation += 1
            }
            for kind in profile.decidesByImage ? [] : listed(evaluations, &planner, importance, full: options.full) {
                progress("evaluation \(kind.first + 1) of \(evaluations)")
                if options.repeats > 1, !options.full { _ = try evaluate(kind.first, kind.plan, at: latents) }
                var times = PassTimes()
                for _ in 0..<(options.full ? 1 : options.repeats) {
                    try _Concurrency.Task.checkCancellation()
                    times.add(try evaluate(kind.first, kind.plan, at: latents))
                }
                for (part, timing) in times.parts { parts[part] = (parts[part] ?? Timing()) + timing * kind.count }
                sum = sum + times.total * kind.count
                kinds.append((kind, times))
            }
            return (parts, sum, kinds)
        }()
        let decoding = try decoding(width: geometry.imageWidth, height: geometry.imageHeight)

        let task = Task.generation.rawValue
        var rows: [RawRow] = []
        if let tokenizer = subject.tokenizer {
            rows.append(
                RawRow(
                    task: task, name: "tokenizer",
                    timing: try measure { _ = tokenizer.encode("a photo of a red circle", special: .asText) }))
        }
        if !options.full {
            rows += kinds.map { kind, times in
                RawRow(
                    task: task, name: "evaluation (\(kind.plan.summary))", timing: times.total, count: kind.count)
            }
        }
        rows.append(RawRow(task: task, name: "prompt", timing: prefill))
        rows += self.rows(parts, task: .generation).map { row in
            var row = row
            row.count = evaluations
            return row
        }
        rows.append(RawRow(task: task, name: "VAE decode", timing: decoding))
        rows.append(RawRow(task: task, name: "image", timing: prefill + sum + decoding))
        return rows
    }

    /// The schedule's kinds of evaluation in the order of their first, or with `full` all evaluations one by one.
    private func listed(
        _ evaluations: Int, _ planner: inout GenerationPlanner, _ importance: [Double], full: Bool
    ) -> [Kind] {
        var kinds: [Kind] = []
        for i in 0..<evaluations {
            let plan = planner.plan(i, importance: importance)
            if !full, let known = kinds.firstIndex(where: { $0.plan == plan }) {
                kinds[known].count += 1
            } else {
                kinds.append(Kind(plan: plan, first: i, count: 1))
            }
        }
        return kinds
    }
}

extension StepPlan {
    /// In a few words.
    var summary: String {
        var words: [String] = []
        if case .extrapolate = head { words.append("cached head") }
        if case .verified = head { words.append("checked forecast") }
        if case .reuse = velocity { words.append("reused velocity") }
        if case .reuseBeyond(let layers, _) = blocks { words.append("checks \(layers) layers") }
        if measuresLayers { words.append("measures layers") }
        if !skippedLayers.isEmpty { words.append("skips \(skippedLayers.count) layers") }
        if neurons != nil { words.append("pruned FFN") }
        if case .extrapolate = features { words.append("cached features") }
        switch branches {
        case .both: break
        case .conditional: words.append("conditional")
        case .reusingDifference: words.append("reused difference")
        }
        return words.isEmpty ? "dense" : words.joined(separator: ", ")
    }
}
