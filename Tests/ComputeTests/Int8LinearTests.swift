import Compute
import FlashUTesting
import Foundation
import Tensors
import Testing

/// The int8 product is exact: the same bits as a plain-Swift oracle with whole numbers, over random shapes, odd sizes, ranges and rows.
@Suite struct Int8LinearTests {
    let cpu: CPUCompute

    init() throws { cpu = try CPUCompute(precision: .int8, threads: 2) }

    /// The definition: scale = max / 127, q = x * (127 / max), rounded to the nearest integer, ties to even.
    static func quantized(_ row: [Float]) -> (integers: [Int], scale: Float) {
        let most = row.map(abs).max() ?? 0
        guard most >= 0x1p-100 else { return (row.map { _ in 0 }, 0) }
        let inverse = 127 / most
        return (row.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, most / 127)
    }

    /// Of an output's weights: neighbours that add up to more than 128, or less than -128, become the nearest even numbers.
    static func quantizedWeight(_ row: [Float]) -> (integers: [Int], scale: Float) {
        var (integers, scale) = quantized(row)
        let inverse = 127 / (row.map(abs).max() ?? 0)
        for first in stride(from: 0, to: row.count, by: 2) {
            let pair = first..<min(first + 2, row.count)
            guard abs(integers[pair].reduce(0, +)) > 128 else { continue }
            for i in pair {
                integers[i] = 2 * max(-63, min(63, Int((row[i] * (inverse / 2)).rounded(.toNearestOrEven))))
            }
        }
        return (integers, scale)
    }

    static func rows(_ matrix: Tensor) -> [[Float]] {
        let (values, width) = (matrix.floats(), matrix.shape[1])
        return (0..<matrix.shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }

    /// `x w^T + bias`, then `out + gate * that` where there is a gate.
    static func oracle(_ x: Tensor, _ weight: Tensor, bias: Tensor?, gate: Tensor? = nil, start: Tensor? = nil)
        -> [Float]
    {
        let (inputs, outputs) = (rows(x).map(quantized), rows(weight).map(quantizedWeight))
        let (bias, gate, start) = (bias?.floats(), gate?.floats(), start?.floats())
        return inputs.enumerated().flatMap { row, a in
            outputs.enumerated().map { column, w in
                let sum = zip(a.integers, w.integers).reduce(0) { $0 + $1.0 * $1.1 }
                var y = Float(sum) * (w.scale * a.scale)
                if let bias { y += bias[column] }
                if let gate { y *= gate[column] }
                return y + (start?[row * outputs.count + column] ?? 0)
            }
        }
    }

    @Test(arguments: 0..<60)
    func equalsTheOracleBitForBit(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let rows = random.choose([1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 43, 85, 171])
        let inputs = random.choose([1, 2, 3, 16, 63, 100, 257, 512, 600, 1030])
        let outputs = random.choose([1, 5, 16, 17, 48, 131, 300])
        let weight = random.tensor([outputs, inputs])
        let bias = random.choose([nil, random.tensor([outputs])])
        let isHalf = random.choose([true, false])
        let x = isHalf ? random.tensor([rows, inputs]).toBFloat16() : random.tensor([rows, inputs])
        let gate = random.choose([nil, random.tensor([outputs])])
        let start = random.tensor([rows, outputs])
        let out = start.toFloat32()
        let packed = try cpu.pack([LinearSource(weight: weight, bias: bias)], .stacked, bits: .eight)
        #expect(packed.byteCount < inputs * ((outputs + 15) / 16 * 16) + 64 * (outputs + 64) + 3 * 16 * (outputs + 16))
        cpu.linear(
            x, packed, .identity, gate.map { .residual(gate: $0, rows: nil) } ?? .replace, into: out)
        #expect(
            out.floats() == Self.oracle(x, weight, bias: bias, gate: gate, start: gate.map { _ in start }),
            "\(rows) x \(inputs) -> \(outputs)")
    }

    /// A row's result depends on nothing but the row: not on its neighbours, nor on the threads.
    @Test func rowsAndThreadsAndBatchesDoNotMatter() throws {
        var random = SeededRandom(seed: 3)
        let (x, weight) = (random.tensor([171, 300]), random.tensor([131, 300]))
        func run(_ x: Tensor, threads: Int) throws -> [Float] {
            let engine = try CPUCompute(precision: .int8, threads: threads)
            let out = Tensor(zeros: [x.shape[0], 131])
            engine.linear(
                x, try engine.pack([LinearSource(weight: weight)], .stacked, bits: .eight), .identity, .replace,
                into: out)
            return out.floats()
        }
        let all = try run(x, threads: 1)
        for threads in [2, 3] { #expect(try run(x, threads: threads) == all) }
        for range in [0..<1, 5..<8, 7..<50, 100..<171] {
            #expect(
                try run(x.rows(range).toFloat32(), threads: 2)
                    == Array(all[range.lowerBound * 131..<range.upperBound * 131]))
        }
    }

    /// Ranges of an FFN's neurons: integers of each range's own rows, exact again.
    @Test(arguments: [1, 5, 43])
    func rangesOfNeurons(rows: Int) throws {
        var random = SeededRandom(seed: UInt64(rows))
        let (hidden, neurons) = (60, 96)
        let (gate, up) = (random.tensor([neurons, hidden]), random.tensor([neurons, hidden]))
        let down = random.tensor([hidden, neurons])
        let gateUp = try cpu.pack([LinearSource(weight: gate), LinearSource(weight: up)], .gated, bits: .eight)
        let second = try cpu.pack([LinearSource(weight: down)], .stacked, bits: .eight)
        let x = random.tensor([rows, hidden])
        for range in [0..<96, 16..<64, 80..<96] {
            // The first layer: the same as whole rows of the oracle, after SiLU in another implementation.
            let inner = Tensor(zeros: [rows, range.count])
            cpu.linear(x, gateUp, part: .outputs(range), .swiGLU, .replace, into: inner)
            let gates = Self.oracle(x, gate.rows(range).toFloat32(), bias: nil)
            let ups = Self.oracle(x, up.rows(range).toFloat32(), bias: nil)
            #expect(relativeError(inner.floats(), zip(gates, ups).map { $0 / (1 + exp(-$0)) * $1 }) < 1e-6)
            // The second: inputs of the range, with the scale of the whole row of the weight.
            let out = Tensor(zeros: [rows, hidden])
            cpu.linear(inner, second, part: .inputs(range), .identity, .replace, into: out)
            let weights = Self.rows(down).map(Self.quantizedWeight)
            let expected = Self.rows(inner).map(Self.quantized).flatMap { a in
                weights.map { w in
                    Float(zip(a.integers, w.integers[range]).reduce(0) { $0 + $1.0 * $1.1 }) * (w.scale * a.scale)
                }
            }
            #expect(out.floats() == expected, "\(range)")
        }
    }

    /// A weight that was quantised before packs to the same bits, and dequantises to within half a step, or a whole one in a pair of large ones.
    @Test func quantisedBeforeOrWhilePackingIsTheSame() throws {
        var random = SeededRandom(seed: 8)
        for weight in [random.tensor([48, 37]), random.tensor([131, 600]).toBFloat16()] {
            let stored = cpu.quantize(weight)
            let x = random.tensor([9, weight.shape[1]])
            let results = try [
                LinearSource(weight: weight), LinearSource(.quantized(stored)),
            ].map { source in
                let out = Tensor(zeros: [9, weight.shape[0]])
                cpu.linear(x, try cpu.pack([source], .stacked, bits: .eight), .identity, .replace, into: out)
                return out.floats()
            }
            #expect(results[0] == results[1])
            let expected = Self.rows(weight).map(Self.quantizedWeight)
            #expect(stored.values.integers() == expected.flatMap(\.integers))
            #expect(stored.scales.floats() == expected.map(\.scale))
            let width = weight.shape[1]
            for (i, (a, b)) in zip(stored.dequantized().floats(), weight.floats()).enumerated() {
                let scale = expected[i / width].scale
                #expect(abs(a - b) <= scale * (abs(a) > 1.5 * scale ? 1.0001 : 0.5001))
            }
            let odd = stored.values.integers().filter { $0 % 2 != 0 }
            #expect(odd.contains { abs($0) < 64 } && expected.contains { $0.integers.contains { abs($0) > 100 } })
        }
    }

    @Test func zeroRowsAndOutliersAndInfinities() throws {
        let weight = Tensor([1, -2, 3, 0, 0, 0, 1e30, 1, 1], shape: [3, 3])
        let packed = try cpu.pack([LinearSource(weight: weight)], .stacked, bits: .eight)
        func run(_ x: [Float]) -> [Float] {
            let out = Tensor(zeros: [1, 3])
            cpu.linear(Tensor(x, shape: [1, 3]), packed, .identity, .replace, into: out)
            return out.floats()
        }
        #expect(run([0, 0, 0]) == [0, 0, 0])
        let tiny = Float.leastNonzeroMagnitude * 70_000
        #expect(run([tiny, tiny, 0]) == [0, 0, 0])
        #expect(run([127, 0, 0])[1] == 0)
        for bad in [Float.infinity, .nan] {
            let out = run([1, bad, 1])
            #expect(out.allSatisfy { $0.isNaN }, "shown, not swallowed: \(out)")
        }
    }
}
