import Compute
import FlashUTesting
import Tensors
import Testing

/// `CPUCompute` against `ReferenceCompute` on sizes that are no multiples of anything, at every precision.
@Suite struct OddSizeTests {
    let reference = ReferenceCompute()

    /// bfloat16 numbers, so that packing rounds nothing: what remains is the order of additions, and of int8 the quantisation.
    static func tensor(_ shape: [Int], _ random: inout SeededRandom) -> Tensor {
        random.tensor(shape).toBFloat16().toFloat32()
    }

    static func bound(_ precision: Precision) -> Double {
        switch precision {
        case .f32: 3e-6
        case .bf16: 1e-5
        case .int8: 0.03
        case .int4: 0.15
        }
    }

    /// Products of any number of layers, of any widths, some with biases, stored in any type; all of them or a range of their outputs.
    @Test(arguments: 0..<60)
    func stackedLayers(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let precision = Precision.allCases[seed % Precision.allCases.count]
        let cpu = try CPUCompute(precision: precision, threads: 1 + seed % 2)
        let (rows, inputs) = (random.integer(in: 1...70), random.integer(in: 1...130))
        let sources = (0..<random.integer(in: 1...4)).map { _ in
            let outputs = random.integer(in: 1...60)
            let weight = Self.tensor([outputs, inputs], &random)
            return LinearSource(
                weight: random.choose([weight, weight.toBFloat16()]),
                bias: random.choose([nil, Self.tensor([outputs], &random)]))
        }
        let outputs = sources.reduce(0) { $0 + $1.shape[0] }
        let activation = random.choose([Activation.identity, .gelu, .geluTanh, .silu])
        let low = random.integer(in: 0...(outputs - 1) / 16) * 16
        let range = random.choose([0..<outputs, low..<outputs, low..<random.integer(in: low + 1...outputs)])
        let gate = Self.tensor([outputs], &random)
        let mask = RowMask((0..<rows).map { _ in random.choose([true, false]) })
        let store = random.choose([LinearStore.replace, .residual, .residual(gate: gate, rows: mask)])
        let x = Self.tensor([rows, inputs], &random)
        let start = Self.tensor([rows, range.count], &random)
        func run(_ compute: some Compute, _ x: Tensor) throws -> [Float] {
            let weights = try compute.pack(sources, .stacked, bits: .four)
            #expect(weights.outputs == outputs && weights.inputs == inputs)
            let out = start.toFloat32()
            compute.linear(x, weights, part: .outputs(range), activation, store, into: out)
            return out.floats()
        }
        let held = precision == .f32 ? x : random.choose([x, x.toBFloat16()])
        #expect(
            try relativeError(run(cpu, held), run(reference, x)) < Self.bound(precision),
            "\(rows) x \(inputs) -> \(sources.map { $0.shape[0] }), \(range), \(activation), \(precision)")
    }

    /// A gated FFN of any width, whole and in ranges that end at the width.
    @Test(arguments: 0..<45)
    func gatedFeedForward(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let precision = Precision.allCases[seed % Precision.allCases.count]
        let cpu = try CPUCompute(precision: precision, threads: 1 + seed % 2)
        let (rows, hidden) = (random.integer(in: 1...60), random.integer(in: 1...70))
        let neurons = random.integer(in: 33...210)
        let gateUp = [0, 1].map { _ in LinearSource(weight: Self.tensor([neurons, hidden], &random)) }
        let down = [LinearSource(weight: Self.tensor([hidden, neurons], &random))]
        let cut = random.integer(in: 1...neurons / 16) * 16
        let ranges = random.choose([[0..<neurons], [0..<cut, cut..<neurons].filter { !$0.isEmpty }, [16..<neurons]])
        let x = Self.tensor([rows, hidden], &random)
        let start = Self.tensor([rows, hidden], &random)
        func run(_ compute: some Compute, _ x: Tensor) throws -> [Float] {
            let first = try compute.pack(gateUp, .gated, bits: .four)
            let second = try compute.pack(down, .stacked, bits: .four)
            let out = start.toFloat32()
            for range in ranges {
                let inner = Tensor(zeros: [rows, range.count], dtype: compute.activationType)
                compute.linear(x, first, part: .outputs(range), .swiGLU, .replace, into: inner)
                compute.linear(inner, second, part: .inputs(range), .identity, .residual, into: out)
            }
            return out.floats()
        }
        let held = precision == .f32 ? x : x.toBFloat16()
        #expect(
            try relativeError(run(cpu, held), run(reference, x)) < (precision == .bf16 ? 5e-3 : Self.bound(precision)),
            "\(rows) x \(hidden) -> \(neurons), \(ranges), \(precision)")
    }

    /// What lies behind an output is left alone: outputs are written into a larger matrix's last rows, whose end is the storage's.
    @Test(arguments: 0..<20)
    func nothingBehindAnOutputIsWritten(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let precision = Precision.allCases[seed % Precision.allCases.count]
        let cpu = try CPUCompute(precision: precision, threads: 2)
        let (rows, hidden, neurons) = (
            random.integer(in: 1...20), random.integer(in: 1...40), random.integer(in: 1...60)
        )
        let gated = random.choose([true, false])
        let weights = try cpu.pack(
            (0..<(gated ? 2 : 1)).map { _ in LinearSource(weight: random.tensor([neurons, hidden])) },
            gated ? .gated : .stacked, bits: .four)
        let type = random.choose([DType.float32, cpu.activationType])
        let whole = Tensor(zeros: [rows + 8, neurons], dtype: type)
        let x = random.tensor([rows, hidden])
        cpu.linear(
            precision == .f32 ? x : x.toBFloat16(), weights, gated ? .swiGLU : .identity, .replace,
            into: whole.rows(0..<rows))
        #expect(whole.rows(rows..<rows + 8).floats().allSatisfy { $0 == 0 }, "\(rows) x \(hidden) -> \(neurons)")
        #expect(whole.rows(0..<rows).floats().contains { $0 != 0 })
    }

    @Test(arguments: 0..<30)
    func linearOnce(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let cpu = try CPUCompute(precision: random.choose([.f32, .bf16]), threads: 2)
        let (rows, inputs, outputs) = (
            random.integer(in: 1...60), random.integer(in: 1...150), random.integer(in: 1...150)
        )
        let source = LinearSource(
            weight: Self.tensor([outputs, inputs], &random), bias: random.choose([nil, random.tensor([outputs])]))
        let x = random.tensor([rows, inputs])
        func run(_ compute: some Compute) -> [Float] {
            let out = Tensor(zeros: [rows, outputs])
            compute.linear(x, once: source, into: out)
            return out.floats()
        }
        #expect(relativeError(run(cpu), run(reference)) < 3e-6, "\(rows) x \(inputs) -> \(outputs)")
    }

    @Test(arguments: 0..<30)
    func norm(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let (rows, width) = (random.integer(in: 1...60), random.integer(in: 1...200))
        let kind = random.choose([Norm.Kind.rms, .layer, .l2])
        let norm = Norm(kind, weight: random.tensor([width]), bias: random.tensor([width]), epsilon: 1e-5)
        let x = random.tensor([rows, width])
        func run(_ compute: some Compute, into out: Tensor) -> [Float] {
            compute.norm(x, norm, nil, silu: seed % 2 == 0, into: out)
            return out.floats()
        }
        let expected = run(reference, into: Tensor(zeros: x.shape))
        #expect(relativeError(run(cpu, into: Tensor(zeros: x.shape)), expected) < 3e-6, "\(kind), \(rows) x \(width)")
        let half = Tensor(zeros: x.shape, dtype: .bfloat16)
        #expect(relativeError(run(cpu, into: half), expected) < 5e-3, "\(kind), \(rows) x \(width)")
        #expect(relativeError(run(cpu, into: x), expected) < 3e-6, "in place: \(kind), \(rows) x \(width)")
    }

    @Test(arguments: 0..<30)
    func quantising(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let cpu = try CPUCompute(precision: .int8, threads: 2)
        let weight = random.tensor([random.integer(in: 1...50), random.integer(in: 1...90)])
        let stored = cpu.quantize(weight)
        let expected = Int8LinearTests.rows(weight).map(Int8LinearTests.quantizedWeight)
        #expect(stored.values.integers() == expected.flatMap(\.integers))
        #expect(stored.scales.floats() == expected.map(\.scale))
    }

    @Test(arguments: 0..<40)
    func convolution(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let geometry = random.choose([
            ConvolutionGeometry.same(kernel: 3), .same(kernel: 1), .same(kernel: 3, upsampling: 2),
            ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1),
        ])
        let (height, width) = (random.integer(in: 3...20), random.integer(in: 3...20))
        let (inputs, outputs) = (random.integer(in: 1...40), random.integer(in: 1...50))
        let weight = random.tensor([outputs, inputs, geometry.kernel, geometry.kernel])
        let bias = random.choose([nil, random.tensor([outputs])])
        let x = random.tensor([height, width, inputs])
        func run(_ compute: some Compute) throws -> [Float] {
            let out = Tensor(zeros: [geometry.output(of: height), geometry.output(of: width), outputs])
            let weights = try compute.pack(convolution: weight, bias: bias, geometry)
            compute.convolution(x, weights, edges: .all, accumulate: false, Workspace(), into: out)
            return out.floats()
        }
        #expect(
            try relativeError(run(cpu), run(reference)) < 3e-6,
            "\(geometry) \(height) x \(width), \(inputs) -> \(outputs)")
    }

    /// Layers of no width and rows that don't fit are errors where weights come from files, and no rows are no work.
    @Test func layersWithoutWidthAndNoRows() throws {
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        for shape in [[0, 4], [4, 0], [4], [2, 2, 2]] {
            #expect(throws: ComputeError.self) {
                try cpu.pack([LinearSource(weight: Tensor(zeros: shape))], .stacked)
            }
        }
        #expect(throws: ComputeError.self) {
            try cpu.pack(
                [LinearSource(weight: Tensor(zeros: [4, 3])), LinearSource(weight: Tensor(zeros: [5, 3]))], .gated)
        }
        for (shape, geometry) in [
            ([4, 3, 0, 0], ConvolutionGeometry.same(kernel: 0)), ([4, 3, 3, 3], .same(kernel: 1)),
            ([4, 3, 3], .same(kernel: 3)),
            ([4, 0, 3, 3], .same(kernel: 3)),
            ([4, 3, 3, 3], ConvolutionGeometry(kernel: 3, stride: 0, padBefore: 0, padAfter: 1)),
        ] {
            for compute in [cpu, ReferenceCompute()] as [any Compute] {
                #expect(throws: ComputeError.self) {
                    try compute.pack(convolution: Tensor(zeros: shape), bias: nil, geometry)
                }
            }
        }
        let weights = try cpu.pack([LinearSource(weight: Tensor(zeros: [4, 3]))], .stacked)
        cpu.linear(Tensor(zeros: [0, 3]), weights, .identity, .replace, into: Tensor(zeros: [0, 4]))
        cpu.parallel(0) { _ in Issue.record("no task") }
        cpu.parallel(-3) { _ in Issue.record("no task") }
    }
}
