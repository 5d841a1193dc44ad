import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// Policies that decide by the image, in whole jobs: what an image becomes does not depend on the others, and the trace tells what was decided.
@Suite struct AdaptiveDrawingTests {
    static let policies = [
        "velocityCache.policy=easyCache; velocityCache.threshold=0.3; velocityCache.warmup=0",
        "blockCache.layers=1; blockCache.threshold=0.3",
        "headCache.interval=4; headCache.order=1; headCache.tolerance=0.1; headCache.warmup=2",
    ]

    static func request(_ ids: [[Int]], _ profile: String, seed: UInt64 = 40) throws -> TextToImage.Request {
        .init(
            prompts: ids.map { .ids($0) }, steps: 13, guidance: 5, seed: seed, decode: false,
            profile: try AccelerationProfile.named(profile))
    }

    static func run(_ request: TextToImage.Request, on model: UnifiedModel) async throws -> (
        images: [TextToImage.Drawn], steps: [TextToImage.Step]
    ) {
        var (images, steps): ([TextToImage.Drawn], [TextToImage.Step]) = ([], [])
        for try await event in TextToImage(model).generate(request) {
            switch event {
            case .image(let image): images.append(image)
            case .step(let step): steps.append(step)
            }
        }
        return (images, steps)
    }

    @Test("Each image is what it would be alone", arguments: policies)
    func imagesOfABatch(profile: String) async throws {
        let model = try await TextToImageTests.model()
        let ids = [[3, 17, 5], [9], [250, 41, 8, 8, 12]]
        let together = try await Self.run(Self.request(ids, profile), on: model)
        #expect(together.steps.map(\.done) == Array(1...36) && together.steps.last?.total == 36)
        for (i, prompt) in ids.enumerated() {
            let alone = try await Self.run(Self.request([prompt], profile, seed: 40 + UInt64(i)), on: model)
            let same = alone.images[0].latents.floats() == together.images[i].latents.floats()
            #expect(same)
            let traces = together.steps[i * 12..<(i + 1) * 12].map(\.trace.checks)
            #expect(alone.steps.map(\.trace.checks) == Array(traces))
        }
        let reused = together.steps.count { $0.trace.checks.contains(where: \.reused) }
        #expect(reused > 0 && reused < 36, "\(reused)")
    }

    @Test("The trace tells what was measured, held against what, and decided")
    func traces() async throws {
        let model = try await TextToImageTests.model()
        for (profile, of) in zip(Self.policies, ["velocity", "blocks", "head"]) {
            let steps = try await Self.run(Self.request([[3, 17]], profile), on: model).steps.map(\.trace)
            #expect(steps.allSatisfy { $0.checks.allSatisfy { $0.of == of && $0.measured.isFinite && $0.limit > 0 } })
            for step in steps {
                let reused = step.checks.first?.reused == true
                switch of {
                case "velocity":
                    #expect(step.velocity == (reused ? "reused" : "computed") && (step.regime == "reused") == reused)
                    #expect(!reused || (step.flops == 0 && step.neurons == 0 && step.head == "not needed"))
                case "blocks":
                    #expect(step.skippedLayers == (reused ? [1, 2, 3] : []) && (step.head == "reused") == reused)
                default: #expect((step.head == "forecast") == reused && (step.regime == "cached") == reused)
                }
            }
            let data = try JSONEncoder().encode(steps)
            #expect(try JSONDecoder().decode([StepTrace].self, from: data) == steps)
        }
    }

    @Test("A model that was calibrated without magnitudes says so, and draws after it was calibrated again")
    func magCache() async throws {
        let profile = "velocityCache.policy=magCache; velocityCache.threshold=0.5"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(at: Golden.shapes, to: folder)
        var old = try #require(try Calibration(folder: folder, layers: 8, neurons: 640))
        old.scores[.generation]?.magnitude = nil
        try old.write(to: folder)
        func draw() async throws -> [TextToImage.Step] {
            let model = try await UnifiedModel.load(folder, precision: .f32, threads: 2)
            return try await Self.run(Self.request([[64]], profile), on: model).steps
        }
        let error = await #expect(throws: ProfileError.self) { try await draw() }
        #expect(error?.description.contains("calibrate again with flashu calibrate") == true)

        let fresh = try await UnifiedModel.load(folder, precision: .f32, threads: 2, calibrated: false)
        let measured = try await ModelCalibration(fresh).run(
            prompts: ["a red circle", "two blue squares"], questions: [], folder: folder)
        let magnitude = try #require(measured.scores[.generation]?.magnitude)
        let schedule = try FlowSchedule(
            steps: fresh.geometry.sampling.steps, timeShift: fresh.geometry.sampling.timeShift)
        #expect(magnitude.times == Array(schedule.times.dropLast()) && magnitude.values.allSatisfy { $0 > 0 })
        try measured.write(to: folder)
        let steps = try await draw()
        #expect(steps.contains { $0.trace.velocity == "reused" } && steps.contains { $0.trace.velocity == "computed" })
    }

    @Test("What policies keep is within the estimate", arguments: policies + ["velocityCache.policy=easyCache"])
    func memory(profile: String) async throws {
        let model = try await TextToImageTests.model()
        let geometry = model.geometry
        func keeps(_ text: String) throws -> Denoising.Kept {
            GenerationPlanner(try .named(text), evaluations: 12, layers: geometry.llm.layers, neurons: nil).keeps
        }
        func estimate(_ keeps: Denoising.Kept) -> MemoryEstimate {
            MemoryEstimate.drawing(
                geometry, grid: geometry.grid, images: 1, prefixes: [4, 2], times: 12, keeps: keeps, measures: false,
                precision: .f32)
        }
        let kept = try keeps(profile)
        let more = estimate(kept).histories - estimate([]).histories
        #expect(more > 0)
        // What the network itself holds after a trajectory, beyond what it holds without the policy.
        func bytes(_ profile: AccelerationProfile) throws -> Int {
            var planner = GenerationPlanner(profile, evaluations: 12, layers: geometry.llm.layers, neurons: nil)
            let schedule = try FlowSchedule(steps: 13, timeShift: 3)
            let denoising = try Denoising(
                model: model.network, special: model.specialTokens(), prompts: [[3, 17]], schedule: schedule,
                grid: geometry.grid, guided: true, keeps: planner.keeps)
            var sampler = Sampler(.euler, times: schedule.times, from: Tensor(zeros: denoising.latentShape))
            let velocity = Tensor(zeros: denoising.latentShape)
            while let step = sampler.next() {
                let latents = sampler.latents
                let plan = planner.plan(step, importance: [], latents: latents)
                try denoising.velocity(latents, step: step, guidance: 5, plan, into: velocity)
                planner.observe(.init(latents: latents, velocity: velocity, checks: denoising.checks))
                sampler.accept(velocity)
            }
            return denoising.byteCount
        }
        #expect(try bytes(.named(profile)) - bytes(.off) <= more)
    }
}
