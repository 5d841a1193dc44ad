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

    /// A file with 4-bit weights decides for what is in it; other precisions go on by kind.
    @Test func aFileWithFourBitsChooses() throws {
        struct Stored: TensorSource {
            let infos: [String: TensorInfo]
            var location: String { "memory" }
            var names: [String] { infos.keys.sorted() }
            func info(_ name: String) -> TensorInfo? { infos[name] }
            func tensor(_ name: String) throws(WeightError) -> Tensor { throw missing(name) }
        }
        let (first, second) = (
            "showo.model.layers.0.self_attn.q_proj.weight", "showo.model.layers.1.self_attn.q_proj.weight"
        )
        let other = "showo.model.layers.1.mlp.down_proj.weight"
        let layers = LayerBits.standard.adapted(
            to: Stored(infos: [
                first: TensorInfo(shape: [4, 4], dtype: .int8, packedBits: 4),
                second: TensorInfo(shape: [4, 4], dtype: .int8), other: TensorInfo(shape: [4, 4], dtype: .bfloat16),
            ]))
        #expect(
            [first, second, other].map { layers.bits(weight: $0, inputs: 4, in: .int4) } == [.four, .eight, .sixteen])
        #expect(
            [first, second, other].map { layers.bits(weight: $0, inputs: 4, in: .int8) } == [.eight, .eight, .eight])
        #expect(layers.bits(weight: "showo.lm_head.weight", inputs: 4, in: .int4) == .four, "tied, so not in the file")
        #expect(LayerBits.standard.bits(weight: first, inputs: 5, in: .int4) == .eight, "an odd width")
        #expect(LayerBits.standard.bits(weight: first, inputs: 4, in: .bf16) == .sixteen)
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
