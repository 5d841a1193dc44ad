import Compute
import FlashUTesting
import Tensors
import Testing

/// `CPUCompute` agrees with `ReferenceCompute` on every operation, over random shapes, odd sizes included.
@Suite struct ComputeAgreementTests {
    let reference = ReferenceCompute()
    let cpu: CPUCompute

    init() throws { cpu = try CPUCompute(precision: .f32, threads: 2) }

    @Test(arguments: 0..<60)
    func linear(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let rows = random.choose([1, 2, 3, 4, 5, 7, 13, 14, 15, 41, 42, 43, 85, 130, 171])
        let inputs = random.choose([1, 3, 16, 63, 64, 100, 257, 512, 600])
        let activation = random.choose([Activation.identity, .gelu, .geluTanh, .silu, .swiGLU])
        let gated = activation == .swiGLU
        let outputs = gated ? random.choose([16, 64, 160]) : random.choose([1, 5, 16, 17, 48, 131, 300])
        let sources: [LinearSource] =
            gated
            ? [0, 1].map { _ in LinearSource(weight: random.tensor([outputs, inputs])) }
            : [
                LinearSource(
                    weight: random.tensor([outputs, inputs]), bias: random.choose([nil, random.tensor([outputs])]))
            ]
        let x = random.tensor([rows, inputs])
        let accumulate = !gated && random.choose([true, false])
        let mask = RowMask((0..<rows).map { _ in random.choose([true, false]) })
        let store =
            accumulate
            ? random.choose([
                LinearStore.residual, .residual(gate: random.tensor([outputs]), rows: nil),
                .residual(gate: random.tensor([outputs]), rows: mask),
            ]) : .replace
        let start = random.tensor([rows, outputs])
        func run(_ compute: some Compute) throws -> [Float] {
            let weights = try compute.pack(sources, gated ? .gated : .stacked)
            let out = start.toFloat32()
            compute.linear(x, weights, activation, store, into: out)
            return out.floats()
        }
        #expect(try relativeError(run(cpu), run(reference)) < 2e-6, "\(rows) x \(inputs) -> \(outputs), \(activation)")
    }

    /// Weights as they are stored, of either type, more columns than a task takes.
    @Test(arguments: 0..<30)
    func linearOnce(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let rows = random.choose([1, 4, 5, 30, 49, 200])
        let inputs = random.choose([1, 15, 16, 63, 100, 257])
        let outputs = random.choose([1, 16, 63, 64, 65, 300])
        let weight = random.tensor([outputs, inputs])
        let source = LinearSource(
            weight: random.choose([weight, weight.toBFloat16()]),
            bias: random.choose([nil, random.tensor([outputs])]))
        let x = random.tensor([rows, inputs])
        func run(_ compute: some Compute) -> [Float] {
            let out = Tensor(zeros: [rows, outputs])
            compute.linear(x, once: source, into: out)
            return out.floats()
        }
        #expect(relativeError(run(cpu), run(reference)) < 2e-6, "\(rows) x \(inputs) -> \(outputs)")
    }

    /// Parts of a layer: a pruned FFN, ranges of gated neurons and of the inputs that follow.
    @Test(arguments: 0..<20)
    func partsOfALayer(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let (rows, hidden, neurons) = (random.choose([1, 5, 43]), random.choose([24, 64]), 96)
        let gateUp = [0, 1].map { _ in LinearSource(weight: random.tensor([neurons, hidden])) }
        let down = [LinearSource(weight: random.tensor([hidden, neurons]))]
        let x = random.tensor([rows, hidden])
        let start = random.tensor([rows, hidden])
        let ranges = random.choose([[0..<96], [16..<64], [0..<32, 80..<96]])
        func run(_ compute: some Compute) throws -> [Float] {
            let (first, second) = (try compute.pack(gateUp, .gated), try compute.pack(down, .stacked))
            let out = start.toFloat32()
            for range in ranges {
                let inner = Tensor(zeros: [rows, range.count])
                compute.linear(x, first, part: .outputs(range), .swiGLU, .replace, into: inner)
                compute.linear(inner, second, part: .inputs(range), .identity, .residual, into: out)
            }
            return out.floats()
        }
        #expect(try relativeError(run(cpu), run(reference)) < 3e-6, "\(rows) rows, neurons \(ranges)")
    }

    @Test func stackedSourcesWithBiasOnSome() throws {
        var random = SeededRandom(seed: 5)
        let sources = [
            LinearSource(weight: random.tensor([32, 20]), bias: random.tensor([32])),
            LinearSource(weight: random.tensor([16, 20])), LinearSource(weight: random.tensor([7, 20])),
        ]
        let x = random.tensor([9, 20])
        func run(_ compute: some Compute) throws -> [Float] {
            let out = Tensor(zeros: [9, 55])
            compute.linear(x, try compute.pack(sources, .stacked), .identity, .replace, into: out)
            return out.floats()
        }
        #expect(try relativeError(run(cpu), run(reference)) < 2e-6)
    }

    @Test(arguments: 0..<40)
    func norm(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let rows = random.choose([1, 2, 15, 16, 17, 40])
        let width = random.choose([1, 7, 8, 16, 24, 64, 129, 320])
        let kind = random.choose([Norm.Kind.rms, .layer, .l2])
        let norm = Norm(
            kind, weight: random.tensor([width]), bias: kind == .layer ? random.tensor([width]) : nil,
            epsilon: random.choose([1e-6, 1e-5]))
        let mask = RowMask((0..<rows).map { _ in random.choose([true, false]) })
        let modulation = random.choose([
            nil, Modulation(shift: random.tensor([width]), scale: random.tensor([width])),
            Modulation(shift: random.tensor([width]), scale: random.tensor([width]), rows: mask),
        ])
        let silu = random.choose([true, false])
        let x = random.tensor([rows, width])
        func run(_ compute: some Compute) -> [Float] {
            let out = Tensor(zeros: [rows, width])
            compute.norm(x, norm, modulation, silu: silu, into: out)
            return out.floats()
        }
        #expect(relativeError(run(cpu), run(reference)) < 3e-6, "\(kind), \(rows) x \(width)")
    }

    @Test(arguments: 0..<40)
    func attention(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let keyValueHeads = random.choose([1, 2])
        let geometry = AttentionGeometry(
            heads: keyValueHeads * random.choose([1, 2, 3]), keyValueHeads: keyValueHeads,
            headDim: random.choose([4, 12, 16, 24, 64, 72, 128]))
        let sequences = random.choose([1, 2, 3])
        let prefix = random.choose([0, 1, 5, 17])
        let span = random.choose([1, 2, 16, 43, 90, 150])
        let rotary = random.choose([
            nil,
            RotaryTable(
                inverseFrequencies: (0..<geometry.headDim / 2).map { 1 / Double($0 + 1) }, positions: 256),
        ])
        let norm = random.choose([
            nil,
            QueryKeyNorm(
                query: random.tensor([geometry.headDim]), key: random.tensor([geometry.headDim]), epsilon: 1e-6),
        ])
        var layouts: [RowLayout] = []
        if prefix > 0 {
            var rows = RowLayout()
            for s in 0..<sequences { rows.append(sequence: s, start: 0, count: prefix) }
            layouts.append(rows)
        }
        var rows = RowLayout()
        for s in 0..<sequences {
            rows.append(
                sequence: s, start: prefix, count: span,
                span: random.choose([nil, prefix..<(prefix + span), prefix..<(prefix + span / 2)]))
        }
        layouts.append(rows)
        let inputs = layouts.map { random.tensor([$0.count, geometry.fusedWidth]) }
        func run(_ compute: some Compute) -> [Float] {
            let caches = (0..<sequences).map { _ in compute.makeCache(geometry) }
            var all: [Float] = []
            for (layout, fused) in zip(layouts, inputs) {
                let queries = Tensor(zeros: [layout.count, geometry.queryWidth])
                let out = Tensor(zeros: [layout.count, geometry.queryWidth])
                compute.heads(fused, geometry, norm, rotary, layout, caches, into: queries)
                compute.attention(queries, geometry, layout, caches, into: out)
                all += queries.floats() + out.floats()
            }
            return all
        }
        #expect(relativeError(run(cpu), run(reference)) < 3e-6, "\(geometry), \(prefix) + \(span)")
    }

    @Test(arguments: 0..<60)
    func convolution(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let one = ConvolutionCase(
            &random,
            [
                .same(kernel: 3), .same(kernel: 1), .same(kernel: 3, upsampling: 2),
                ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1),
            ], heights: [3, 8, 13, 40], widths: [2, 5, 8, 31], inputs: [1, 3, 8, 16, 20, 64],
            outputs: [1, 3, 16, 24, 70])
        #expect(try relativeError(one.run(cpu), one.run(reference)) < 3e-6, "\(one)")
    }

    /// More tiles than Winograd's products take at once.
    @Test func largeConvolution() throws {
        var random = SeededRandom(seed: 3)
        let weight = random.tensor([64, 64, 3, 3])
        let x = random.tensor([70, 77, 64])
        func run(_ compute: some Compute) throws -> [Float] {
            let out = Tensor(zeros: [70, 77, 64])
            let weights = try compute.pack(convolution: weight, bias: nil, .same(kernel: 3))
            compute.convolution(x, weights, edges: .all, accumulate: false, Workspace(), into: out)
            return out.floats()
        }
        #expect(try relativeError(run(cpu), run(reference)) < 3e-6)
    }
}
