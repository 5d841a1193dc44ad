import Compute
import FlashUTesting
import Tensors
import Testing

/// A row's result is the same bits whatever rows stand beside it, at any precision.
@Suite struct RowIndependenceTests {
    /// How weights and rows are held: both as the precision says, or rows in float32 (image patches) with weights of the precision.
    static let cases: [(precision: Precision, half: Bool)] = [
        (.f32, false), (.bf16, true), (.bf16, false), (.int8, true), (.int8, false), (.int4, true),
        (.int4, false),
    ]

    @Test(arguments: 0..<14)
    func product(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let (precision, half) = Self.cases[seed % Self.cases.count]
        let cpu = try CPUCompute(precision: precision, threads: 2)
        // Deeper than a slice of k now and then, odd, and more panels than a task takes.
        let inputs = random.integer(in: 1...40) + random.choose([0, 255, 600, 1031])
        let outputs = random.integer(in: 1...70) + random.choose([0, 140])
        let weights = try cpu.pack(
            [LinearSource(weight: random.tensor([outputs, inputs]), bias: random.tensor([outputs]))], .stacked,
            bits: .four)
        let most = random.choose([20, 45, 180])
        let all = random.tensor([most, inputs])
        let x = half ? all.toBFloat16() : all
        func run(_ rows: Range<Int>) -> [Float] {
            let out = Tensor(zeros: [rows.count, outputs])
            cpu.linear(x.rows(rows), weights, .geluTanh, .replace, into: out)
            return out.floats()
        }
        let alone = (0..<most).map { run($0..<$0 + 1) }
        for count in Array(1...20) + [most] {
            let start = random.integer(in: 0...(most - count))
            let same = run(start..<start + count) == alone[start..<start + count].flatMap { $0 }
            #expect(same, "\(count) rows from \(start), \(inputs) -> \(outputs), \(precision), half: \(half)")
        }
    }

    /// The products of a pruned FFN too: gated neurons, ranges of outputs and inputs.
    @Test(arguments: 0..<12)
    func feedForward(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let precision = Precision.allCases[seed % Precision.allCases.count]
        let cpu = try CPUCompute(precision: precision, threads: 2)
        let (hidden, neurons) = (random.integer(in: 5...50), random.integer(in: 70...120))
        let first = try cpu.pack(
            [0, 1].map { _ in LinearSource(weight: random.tensor([neurons, hidden])) }, .gated, bits: .four)
        let second = try cpu.pack(
            [LinearSource(weight: random.tensor([hidden, neurons]))], .stacked, bits: .four)
        let all = random.tensor([20, hidden])
        let x = precision == .f32 ? all : all.toBFloat16()
        func run(_ rows: Range<Int>) -> [Float] {
            let out = Tensor(zeros: [rows.count, hidden])
            for range in [0..<32, 48..<neurons] {
                let inner = Tensor(zeros: [rows.count, range.count], dtype: cpu.activationType)
                cpu.linear(x.rows(rows), first, part: .outputs(range), .swiGLU, .replace, into: inner)
                cpu.linear(inner, second, part: .inputs(range), .identity, .residual, into: out)
            }
            return out.floats()
        }
        let alone = (0..<20).flatMap { run($0..<$0 + 1) }
        for count in 1...20 {
            let same = run(0..<count) == Array(alone.prefix(count * hidden))
            #expect(same, "\(count) rows, \(hidden) -> \(neurons), \(precision)")
        }
    }

    @Test(arguments: [Norm.Kind.rms, .layer, .l2])
    func norm(kind: Norm.Kind) throws {
        var random = SeededRandom(seed: 3)
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let width = random.integer(in: 20...90)
        let norm = Norm(kind, weight: random.tensor([width]), epsilon: 1e-6)
        let x = random.tensor([37, width])
        let all = Tensor(zeros: x.shape)
        cpu.norm(x, norm, nil, silu: true, into: all)
        for row in 0..<37 {
            let alone = Tensor(zeros: [1, width])
            cpu.norm(x.rows(row..<row + 1), norm, nil, silu: true, into: alone)
            #expect(alone.floats() == all.rows(row..<row + 1).floats())
        }
    }

    /// Bands of an image: the same pixels however many rows of tiles there are beside them.
    @Test(arguments: [16, 3])
    func convolution(channels: Int) throws {
        var random = SeededRandom(seed: UInt64(channels))
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let weights = try cpu.pack(
            convolution: random.tensor([64, channels, 3, 3]), bias: random.tensor([64]), .same(kernel: 3))
        let x = random.tensor([24, 13, channels])
        func run(_ x: Tensor) throws -> [Float] {
            let out = Tensor(zeros: [x.shape[0], 13, 64])
            cpu.convolution(x, weights, edges: .all, accumulate: false, Workspace(), into: out)
            return out.floats()
        }
        let row = 13 * 64
        let whole = try run(x)
        for rows in [5, 9, 17] { #expect(try run(x.rows(0..<rows)).prefix(4 * row) == whole.prefix(4 * row)) }
    }
}
