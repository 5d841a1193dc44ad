import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Held to the official `t2i_generate` (golden files `t2i_dense_*`): float32, CFG, Euler.
@Suite struct GenerationParityTests {
    static let files = [("t2i_dense_nano", "nano"), ("t2i_dense_nano-eq", "nano-eq"), ("t2i_dense_nano_b2", "nano")]

    func denoising(_ golden: Golden, _ model: String, _ compute: any Compute) throws -> Denoising {
        let model = try ShowO2Model.load(Golden.model(model), compute)
        return try Denoising(
            model: model, special: #require(golden.manifest.special),
            prompts: #require(golden.manifest.prompts_token_ids),
            schedule: FlowSchedule(steps: #require(golden.manifest.num_inference_steps), timeShift: 3),
            grid: model.geometry.grid, guided: true)
    }

    @Test(arguments: files)
    func velocityAtEveryStepFromTheStoredLatents(file: String, model: String) throws {
        let golden = try Golden(file)
        let denoising = try denoising(golden, model, CPUCompute(precision: .f32, threads: 2))
        let latents = try golden["latents"]
        let velocities = try golden["velocity_cfg"]
        let times = try golden["t"].floats()
        #expect(relativeError(Array(denoising.schedule.times.dropLast()), times) < 1e-6)
        let out = Tensor(zeros: denoising.latentShape)
        for step in 0..<denoising.schedule.evaluations {
            try denoising.velocity(
                latents.rows(step..<step + 1).reshaped(denoising.latentShape), step: step,
                guidance: try #require(golden.manifest.guidance_scale), into: out)
            let error = relativeError(out.floats(), velocities.rows(step..<step + 1).floats())
            #expect(error < 1e-4, "step \(step)")
        }
    }

    @Test(arguments: files)
    func finalLatentsFreeRunning(file: String, model: String) throws {
        let golden = try Golden(file)
        let denoising = try denoising(golden, model, CPUCompute(precision: .f32, threads: 2))
        let latents = try golden["noise"].toFloat32()
        let velocity = Tensor(zeros: denoising.latentShape)
        for step in 0..<denoising.schedule.evaluations {
            try denoising.velocity(
                latents, step: step, guidance: try #require(golden.manifest.guidance_scale), into: velocity)
            latents.add(velocity, times: denoising.schedule.interval(step))
        }
        #expect(relativeError(latents.floats(), try golden["final"].floats()) < 1e-3)
    }

    /// The intermediates of the first evaluation: the golden rows hold the whole padded sequence, ours the span.
    @Test(arguments: files)
    func intermediatesOfTheFirstEvaluation(file: String, model: String) throws {
        let golden = try Golden(file)
        let denoising = try denoising(golden, model, CPUCompute(precision: .f32, threads: 2))
        let names = [
            "image_embedder_und": "image_embedder_und", "image_embedder_gen": "image_embedder_gen",
            "und_trans.layer0": "und_trans.layer0", "und_trans.layer1": "und_trans.layer1",
            "und_trans.layer2": "und_trans.layer2", "fusion_proj": "fusion_proj", "llm.input": "llm.input_embeds",
            "llm.layer0": "llm.layer0_out", "llm.layer1": "llm.layer1_out", "llm.layer2": "llm.layer2_out",
            "llm.final_norm": "llm.final_norm", "diff_proj": "diff_proj", "head_layer0": "head_layer0",
            "head_layer1": "head_layer1", "head_layer2": "head_layer2", "head_final": "head_final_all_positions",
        ]
        var seen: [String: Tensor] = [:]
        _ = try denoising.branches(golden["latents"].rows(0..<1).reshaped(denoising.latentShape), step: 0) {
            seen[$0] = $1.toFloat32()
        }
        // Conditional sequences first: [bos] prompt [boi] and the image's span.
        let prompts = try #require(golden.manifest.prompts_token_ids)
        let layouts = (prompts + prompts.map { _ in [] }).map {
            SequenceLayout(prefix: $0.count + 2, imageTokens: denoising.grid.tokens)
        }
        var checked = 0
        for (ours, theirs) in names where golden.tensors.contains("s1." + theirs) {
            let stored = try golden["s1." + theirs]  // [2 images, rows, width]
            let own = try #require(seen[ours])
            let width = stored.shape[2]
            for sequence in 0..<layouts.count {
                // Image embeddings are computed once for both branches.
                let perImage = own.count == denoising.images * denoising.grid.tokens * width
                let rows = perImage ? denoising.grid.tokens : denoising.grid.tokens + 1
                let start = (perImage ? sequence % denoising.images : sequence) * rows
                let expected = stored.rows(sequence..<sequence + 1).reshaped([stored.shape[1], width])
                let span = layouts[sequence].span
                let slice = perImage ? expected : expected.rows(span)
                let error = relativeError(
                    own.reshaped([own.count / width, width]).rows(start..<start + rows).floats(), slice.floats())
                #expect(error < 1e-4, "\(theirs), sequence \(sequence)")
                checked += 1
            }
        }
        #expect(checked >= 13 * layouts.count)
    }

    /// The oracle runs the same network: backends are exchangeable.
    @Test func referenceBackendAgrees() throws {
        let golden = try Golden("t2i_dense_nano")
        let denoising = try denoising(golden, "nano", ReferenceCompute())
        let out = Tensor(zeros: denoising.latentShape)
        try denoising.velocity(
            try golden["latents"].rows(0..<1).reshaped(denoising.latentShape), step: 0, guidance: 5, into: out)
        #expect(relativeError(out.floats(), try golden["velocity_cfg"].rows(0..<1).floats()) < 2e-5)
    }
}
