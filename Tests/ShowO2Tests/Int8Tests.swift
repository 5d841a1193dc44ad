import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// int8 against the official code's float32 velocities, at every step from the stored latents.
@Suite struct Int8Tests {
    /// Largest relative error over the steps. Guidance amplifies it: it subtracts the branches and takes the difference five times.
    static let bounds: [(file: String, model: String, bound: Double)] = [
        ("t2i_dense_nano", "nano", 0.12), ("t2i_dense_nano-eq", "nano-eq", 0.11),
    ]

    @Test(arguments: bounds)
    func velocityAtEveryStep(file: String, model: String, bound: Double) throws {
        let golden = try Golden(file)
        let compute = try CPUCompute(precision: .int8, threads: 2)
        let denoising = try GenerationParityTests().denoising(golden, model, compute)
        let (latents, velocities) = (try golden["latents"], try golden["velocity_cfg"])
        let out = Tensor(zeros: denoising.latentShape)
        var worst = 0.0
        for step in 0..<denoising.schedule.evaluations {
            try denoising.velocity(
                latents.rows(step..<step + 1).reshaped(denoising.latentShape), step: step,
                guidance: try #require(golden.manifest.guidance_scale), into: out)
            worst = max(worst, relativeError(out.floats(), velocities.rows(step..<step + 1).floats()))
        }
        print("int8 \(file): velocities at most \(worst) from float32")
        #expect(worst < bound)
        #expect(worst > 1e-3, "this is not int8")
    }

    /// Memory: the quantised layers take half of bfloat16's.
    @Test func weightsAreHeldOnceInEightBits() throws {
        let sizes = try [Precision.int8, .bf16].map {
            Double(try ShowO2Model.load(Golden.shapes, CPUCompute(precision: $0, threads: 2)).byteCount)
        }
        // The encoder's attention and the projections are in the count, and stay bfloat16.
        #expect(sizes[0] / sizes[1] < 0.65 && sizes[0] / sizes[1] > 0.5, "\(sizes)")
    }

    @Test func kindsOfLayers() {
        let standard = LayerBits.standard
        for name in [
            "showo.model.layers.3.self_attn.q_proj", "und_trans.layers.0.mlp.fc1", "und_trans.layers.1.mlp.fc2",
            "diffusion_head_a.9.mlp.down_proj", "diffusion_head_a.0.self_attn.o_proj", "showo.lm_head",
        ] {
            #expect(standard.bits(weight: name + ".weight", inputs: 64, in: .int8) == .eight, "\(name)")
            #expect(standard.bits(weight: name + ".bias", inputs: 64, in: .int8) == .sixteen, "\(name)")
        }
        for name in [
            "showo.model.embed_tokens", "und_trans.layers.0.self_attn.q_proj",
            "und_trans.layers.0.self_attn.out_proj", "fusion_proj.1", "diffusion_head_a.0.adaLN_modulation.1",
            "time_embed.mlp.0", "diff_proj.0", "image_embedder_gen.proj", "diffusion_head_a.0.self_attn.q_norm",
        ] {
            #expect(standard.bits(weight: name + ".weight", inputs: 64, in: .int4) == .sixteen, "\(name)")
        }
    }
}
