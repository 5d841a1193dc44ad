import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Videos held to the official `t2i_generate` on latents of several frames (golden files `t2v_*` and `i2v_*`): float32, guidance, Euler; in `i2v` the first
/// frame is a condition.
@Suite struct FilmParityTests {
    static let files = [("t2v_nano", "nano"), ("i2v_nano", "nano"), ("i2v_nano-eq", "nano-eq")]

    private func denoising(_ golden: Golden, _ file: String, _ model: String, _ keeps: Denoising.Kept = []) throws
        -> Denoising
    {
        let model = try ShowO2Model.load(Golden.model(model), CPUCompute(precision: .f32, threads: 2))
        return try Denoising(
            model: model, special: #require(golden.manifest.special),
            prompts: #require(golden.manifest.prompts_token_ids),
            schedule: FlowSchedule(steps: #require(golden.manifest.num_inference_steps), timeShift: 3),
            grid: model.geometry.grid, frames: golden["latents"].shape[2], keepsFirstFrame: file.hasPrefix("i2v"),
            guided: true, keeps: keeps)
    }

    /// `[evaluations, channels, frames, h, w]` -> the evaluation's `[frames, channels, h, w]`
    private func frames(_ x: Tensor, _ step: Int) -> Tensor {
        FilmVAETests.framesFirst(x.rows(step..<step + 1))
    }

    @Test(arguments: files)
    func velocityAtEveryStepFromTheStoredLatents(file: String, model: String) throws {
        let golden = try Golden(file)
        let denoising = try denoising(golden, file, model)
        let (latents, velocities) = (try golden["latents"], try golden["velocity"])
        #expect(relativeError(Array(denoising.schedule.times.dropLast()), try golden["t"].floats()) < 1e-6)
        let out = Tensor(zeros: denoising.latentShape)
        #expect(denoising.latentShape == [latents.shape[2], 16, 12, 12])
        for step in 0..<denoising.schedule.evaluations {
            try denoising.velocity(
                frames(latents, step), step: step, guidance: try #require(golden.manifest.guidance_scale), into: out)
            #expect(relativeError(out.floats(), frames(velocities, step).floats()) < 1e-4, "step \(step)")
            let first = out.rows(0..<1).floats()
            #expect(first.allSatisfy { $0 == 0 } == file.hasPrefix("i2v"))
        }
    }

    @Test(arguments: files)
    func finalLatentsFreeRunning(file: String, model: String) throws {
        let golden = try Golden(file)
        let denoising = try denoising(golden, file, model)
        let latents = frames(try golden["latents"], 0)
        let velocity = Tensor(zeros: denoising.latentShape)
        for step in 0..<denoising.schedule.evaluations {
            try denoising.velocity(
                latents, step: step, guidance: try #require(golden.manifest.guidance_scale), into: velocity)
            latents.add(velocity, times: denoising.schedule.interval(step))
        }
        let final = try golden["final"]
        #expect(
            relativeError(latents.floats(), FilmVAETests.framesFirst(final.reshaped([1] + final.shape)).floats()) < 1e-3
        )
    }

    /// What plans reuse and extrapolate has the frames' extent, too.
    @Test func acceleratedPlansRun() throws {
        let golden = try Golden("i2v_nano")
        let denoising = try denoising(
            golden, "i2v_nano", "nano", [.head, .features, .residuals, .velocity, .headInput])
        let latents = frames(try golden["latents"], 0)
        let out = Tensor(zeros: denoising.latentShape)
        var blocks = StepPlan()
        blocks.blocks = .reuseBeyond(layers: 2, ifChangeBelow: 10)
        var velocity = StepPlan()
        velocity.velocity = .reuse(order: 0, drift: 0.5)
        var rescaled = StepPlan(head: .verified(order: 0, tolerance: 10), features: .extrapolate(order: 1))
        rescaled.rescale = 0.7
        for (step, plan) in [StepPlan.dense, blocks, rescaled, velocity].enumerated() {
            try denoising.velocity(latents, step: step, guidance: 3, plan, into: out)
            #expect(out.rows(0..<1).floats().allSatisfy { $0 == 0 })
            #expect(out.rows(1..<3).floats().contains { $0 != 0 })
        }
    }

    /// More frames than the language model's context holds are refused, with the number that would fit.
    @Test func tooLong() throws {
        let grid = TokenGrid(height: 27, width: 27)
        try TokenSequence.check(frames: 44, of: grid, behind: 100)
        let error = #expect(throws: ModelError.self) { try TokenSequence.check(frames: 45, of: grid, behind: 100) }
        #expect(error?.description.contains("44 would fit, which are 173 frames") == true)
        #expect(throws: ModelError.self) { try TokenSequence.check(frames: .max, of: grid, behind: 100) }
        #expect(throws: ModelError.self) { try TokenSequence.check(frames: 0, of: grid, behind: 100) }
    }
}
