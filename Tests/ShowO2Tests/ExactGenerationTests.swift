import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// The exact savings of generation (facts file, 1 - 4 and 7), each against the computation that it saves; float32.
@Suite struct ExactGenerationTests {
    static let guidance: Float = 5
    let schedule: FlowSchedule
    let prompts: [[Int]] = [[3, 17, 250, 9, 41], [7, 8]]

    init() throws { schedule = try FlowSchedule(steps: 6, timeShift: 3) }

    func special(_ name: String) throws -> SpecialTokens {
        try #require(try Golden("t2i_dense_\(name)").manifest.special)
    }

    func noise(_ shape: [Int]) -> Tensor {
        var random = SeededRandom(seed: 5)
        return random.tensor(shape)
    }

    func denoising(_ model: ShowO2Model, _ name: String, guided: Bool = true) throws -> Denoising {
        try Denoising(
            model: model, special: special(name), prompts: prompts, schedule: schedule, grid: model.geometry.grid,
            guided: guided)
    }

    /// 1: what follows the span is never seen by it.
    @Test(arguments: ["nano", "nano-eq"])
    func rowsAfterTheSpanChangeNothing(name: String) throws {
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let latents = noise([1, 16, 12, 12])
        let naive = NaiveGeneration(model: model, special: try special(name))
        var short = naive
        short.trailing = false
        for prompt in prompts + [[]] {
            let full = try naive.velocity(prompt: prompt, latents: latents, time: 0.3).floats()
            let without = try short.velocity(prompt: prompt, latents: latents, time: 0.3).floats()
            #expect(relativeError(without, full) < 1e-6)
        }
    }

    /// 2, 4, and one image embedding for both branches: every evaluation of a run with kept prompt K/V, with time
    /// tokens and adaLN of the whole schedule computed at once, equals the naive one, branch by branch.
    @Test(arguments: ["nano", "nano-eq"])
    func keptPromptAndBatchedTimesEqualRecomputing(name: String) throws {
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let naive = NaiveGeneration(model: model, special: try special(name))
        let denoising = try denoising(model, name)
        let latents = noise(denoising.latentShape)
        let velocity = Tensor(zeros: denoising.latentShape)
        for step in 0..<schedule.evaluations {
            let branches = try denoising.branches(latents, step: step)
            for (i, prompt) in (prompts + [[], []]).enumerated() {
                let own = latents.rows(i % 2..<i % 2 + 1)
                let expected = try naive.velocity(prompt: prompt, latents: own, time: schedule.time(step))
                let error = relativeError(branches.rows(i..<i + 1).floats(), expected.floats())
                #expect(error < 1e-5, "step \(step), branch \(i)")
            }
            try denoising.velocity(latents, step: step, guidance: Self.guidance, into: velocity)
            latents.add(velocity, times: schedule.interval(step))
        }
    }

    /// 4 alone: the time tokens of a schedule at once and one by one.
    @Test func timeTokensBatchedEqualOneByOne() throws {
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        let batched = try model.conditioning(schedule.times).tokens
        for (i, time) in schedule.times.enumerated() {
            let alone = try model.conditioning([time]).tokens.floats()
            #expect(relativeError(batched.rows(i..<i + 1).floats(), alone) < 1e-6)
        }
        #expect(relativeError(batched.rows(0..<1).floats(), batched.rows(1..<2).floats()) > 1e-3)
    }

    /// The embedding of an image does not depend on the batch: computing it twice, for two branches, gives the same rows.
    @Test func imageEmbeddingOnceEqualsTwice() throws {
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        let one = noise([1, 16, 12, 12])
        let two = Tensor(one.floats() + one.floats(), shape: [2, 16, 12, 12])
        let once = try model.fusion.embeddings(one, model.compute).floats()
        #expect(relativeError(try model.fusion.embeddings(two, model.compute).floats(), once + once) < 1e-6)
    }

    /// 3: generation never looks at the output projection, so that it may be anything.
    @Test func outputProjectionIsNotUsed() throws {
        let folder = Golden.model("nano")
        let weights = try openWeights(in: folder)
        let compute = try CPUCompute(precision: .f32, threads: 2)
        let geometry = try ShowO2Geometry(folder: folder, weights: weights)
        let name = "showo.lm_head.weight"
        let shape = try #require(weights.info(name)).shape
        let broken = Tensor([Float](repeating: .nan, count: shape.reduce(1, *)), shape: shape)
        let altered = AlteredWeights(weights, replacing: [name: broken])
        let models = try [weights as any TensorSource, altered].map {
            try ShowO2Model(geometry: geometry, weights: $0, compute: compute)
        }
        let outputs = try models.map { model in
            let denoising = try denoising(model, "nano")
            return try denoising.branches(noise(denoising.latentShape), step: 2).floats()
        }
        #expect(outputs[0] == outputs[1])
        // The same NaN reaches every logit, or the test would prove nothing.
        let special = try special("nano")
        let reading = try SequenceReader(model: models[1], special: special)
        #expect(try reading.logits(after: [special.beginOfSequence]).floats().allSatisfy(\.isNaN))
    }

    /// 7: an FFN's neurons in another order are the same FFN, in the LLM and in the head.
    @Test(arguments: ["nano", "nano-eq"])
    func permutedNeuronsChangeNothing(name: String) throws {
        let folder = Golden.model(name)
        let weights = try openWeights(in: folder)
        var random = SeededRandom(seed: 11)
        var replaced: [String: Tensor] = [:]
        for up in weights.names where up.hasSuffix(".mlp.up_proj.weight") {
            let prefix = up.dropLast("up_proj.weight".count)
            let tensors = try ["gate_proj", "up_proj", "down_proj"].map {
                ($0, try weights.tensor("\(prefix)\($0).weight").toFloat32())
            }
            let order = Array(0..<tensors[0].1.shape[0]).shuffled(using: &random)
            for (part, tensor) in tensors {
                let (rows, columns, values) = (tensor.shape[0], tensor.shape[1], tensor.floats())
                let permuted = (0..<rows * columns).map { at in
                    let (row, column) = (at / columns, at % columns)
                    return part == "down_proj"
                        ? values[row * columns + order[column]] : values[order[row] * columns + column]
                }
                replaced["\(prefix)\(part).weight"] = Tensor(permuted, shape: tensor.shape)
            }
        }
        let geometry = try ShowO2Geometry(folder: folder, weights: weights)
        #expect(replaced.count == 3 * (geometry.llm.layers + geometry.head.layers))
        let compute = try CPUCompute(precision: .f32, threads: 2)
        let outputs = try [weights as any TensorSource, AlteredWeights(weights, replacing: replaced)].map {
            let denoising = try denoising(ShowO2Model(geometry: geometry, weights: $0, compute: compute), name)
            return try denoising.branches(noise(denoising.latentShape), step: 2).floats()
        }
        #expect(relativeError(outputs[1], outputs[0]) < 1e-5)
    }

    /// Without guidance there is one branch, and it is the conditional one; guidance 1 and 0 give the same field.
    @Test func unguidedIsTheConditionalBranch() throws {
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        let (guided, alone) = (try denoising(model, "nano"), try denoising(model, "nano", guided: false))
        let latents = noise(alone.latentShape)
        let branches = try guided.branches(latents, step: 1)
        #expect(branches.shape[0] == 4)
        #expect(try alone.branches(latents, step: 1).shape[0] == 2)
        let conditional = branches.rows(0..<2).floats()
        let out = Tensor(zeros: alone.latentShape)
        try alone.velocity(latents, step: 1, guidance: 0, into: out)
        #expect(out.floats() == conditional)
        try guided.velocity(latents, step: 1, guidance: 1, into: out)
        #expect(relativeError(out.floats(), conditional) < 1e-6)
    }
}
