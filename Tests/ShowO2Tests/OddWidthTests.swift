import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// A network none of whose widths is a multiple of 16, with random weights: whole passes of drawing and answering against the oracle.
@Suite struct OddWidthTests {
    static let geometry: ShowO2Geometry = {
        var odd = ShowO2Geometry.shapes
        odd.name = "odd"
        (odd.llm.hidden, odd.llm.intermediate, odd.llm.layers) = (40, 100, 2)
        odd.llm.attention = AttentionGeometry(heads: 4, keyValueHeads: 2, headDim: 10)
        (odd.vision.hidden, odd.vision.intermediate, odd.vision.layers) = (36, 52, 2)
        odd.vision.attention = AttentionGeometry(heads: 3, keyValueHeads: 3, headDim: 12)
        (odd.head.hidden, odd.head.intermediate, odd.head.layers) = (54, 90, 2)
        odd.head.attention = AttentionGeometry(heads: 3, keyValueHeads: 1, headDim: 18)
        (odd.vocabulary, odd.latentChannels, odd.positions, odd.maxSequence) = (75, 3, 9, 48)
        (odd.gridHeight, odd.gridWidth) = (3, 3)
        odd.special = SpecialTokens(beginOfSequence: 70, endOfSequence: 71, beginOfImage: 72, endOfImage: 73)
        (odd.latentMean, odd.latentStd) = ([0, 0, 0], [1, 1, 1])
        return odd
    }()

    /// Weights of standard deviation 0.3 instead of 0.02, so that layers matter beside the residual stream; bfloat16 numbers.
    static func weights() throws -> AlteredWeights {
        let random = RandomWeights(geometry)
        var larger: [String: Tensor] = [:]
        for name in random.names where !name.contains("norm") {
            let tensor = try random.tensor(name)
            larger[name] = Tensor(tensor.floats().map { $0 * 8 }, shape: tensor.shape).toBFloat16()
        }
        return AlteredWeights(random, replacing: larger)
    }

    static func model(_ compute: any Compute, order: [[Int]]? = nil) throws -> ShowO2Model {
        try ShowO2Model(geometry: geometry, weights: weights(), compute: compute, neuronOrder: order)
    }

    /// Velocities of one evaluation, guided, for two prompts.
    static func velocities(_ compute: any Compute, neurons: [[Range<Int>]]? = nil, order: [[Int]]? = nil) throws
        -> [Float]
    {
        let model = try model(compute, order: order)
        let denoising = try Denoising(
            model: model, special: #require(geometry.special), prompts: [[3, 1, 4], [15, 9]],
            schedule: FlowSchedule(steps: 4, timeShift: 3), grid: geometry.grid, guided: true)
        var random = SeededRandom(seed: 2)
        let out = Tensor(zeros: denoising.latentShape)
        var plan = StepPlan()
        plan.neurons = neurons
        try denoising.velocity(random.tensor(denoising.latentShape), step: 1, guidance: 3, plan, into: out)
        return out.floats()
    }

    /// Logits after an image and a question, and after one token more.
    static func logits(_ compute: any Compute) throws -> [Float] {
        let model = try model(compute)
        let special = try #require(geometry.special)
        let reading = try SequenceReader(model: model, special: special)
        var random = SeededRandom(seed: 4)
        try reading.read([
            .text([special.beginOfSequence, 5]), .image(ImagePiece(latents: random.tensor([1, 3, 6, 6]))),
        ])
        let first = try reading.logits(after: [7, 8, 9]).floats()
        return try first + reading.logits(after: [10]).floats()
    }

    /// What rounding costs at these sizes, measured: half of the bounds at most.
    static func bound(_ precision: Precision) -> Double {
        switch precision {
        case .f32: 2e-5
        case .bf16: 0.06
        case .int8: 0.2
        case .int4: 0.6
        }
    }

    @Test(arguments: Precision.allCases)
    func drawing(precision: Precision) throws {
        let error = try relativeError(
            Self.velocities(CPUCompute(precision: precision, threads: 2)), Self.velocities(ReferenceCompute()))
        print("odd widths, drawing, \(precision): \(error)")
        #expect(error < Self.bound(precision))
    }

    @Test(arguments: Precision.allCases)
    func answering(precision: Precision) throws {
        let error = try relativeError(
            Self.logits(CPUCompute(precision: precision, threads: 2)), Self.logits(ReferenceCompute()))
        print("odd widths, answering, \(precision): \(error)")
        #expect(error < Self.bound(precision))
    }

    /// A plan that names every neuron, of a width that is no multiple of 16, is the dense network: bit by bit in one range, to rounding in several,
    /// at any number of threads.
    @Test(arguments: Precision.allCases)
    func allNeuronsInRanges(precision: Precision) throws {
        let order = [Array((0..<100).reversed()), Array(0..<100)]
        let dense = try Self.velocities(CPUCompute(precision: precision, threads: 2), order: order)
        for threads in [1, 2] {
            let compute = try CPUCompute(precision: precision, threads: threads)
            #expect(try Self.velocities(compute, neurons: [[0..<100], [0..<100]], order: order) == dense)
            let parts = try Self.velocities(compute, neurons: [[0..<32, 32..<100], [0..<96, 96..<100]], order: order)
            #expect(relativeError(parts, dense) < (precision == .int8 ? 0.1 : Self.bound(precision)))
        }
    }
}
