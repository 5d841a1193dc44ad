import Compute
import FlashUTesting
import Foundation
import Tensors
import Testing

/// The product with 4-bit weights is exact: the same bits as a plain-Swift oracle with whole numbers, over random shapes, odd sizes, ranges and rows.
@Suite struct Int4LinearTests {
    let cpu: CPUCompute

    init() throws { cpu = try CPUCompute(precision: .int4, threads: 2) }

    /// A weight's integers, `step * (q - zero)`, taken apart here once more.
    static func integers(_ weight: QuantizedMatrix, inputs: Int) -> [[Int]] {
        let (values, steps) = (weight.values.integers(), (weight.steps ?? weight.values).integers())
        let (bytes, groups) = ((inputs + 1) / 2, QuantizedMatrix.groups(inputs))
        return (0..<weight.outputs).map { row in
            (0..<inputs).map { i in
                let both = values[row * bytes + i / 2]
                let step = steps[row * groups + i / 32]
                return (step / 16 + 3) * ((i % 2 == 0 ? both % 16 : both / 16) - step % 16)
            }
        }
    }

    @Test(arguments: 0..<60)
    func equalsTheOracleBitForBit(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let rows = random.choose([1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 17, 43, 85, 171])
        let inputs = random.choose([1, 2, 3, 16, 31, 32, 33, 63, 100, 257, 512, 600, 1030])
        let outputs = random.choose([1, 5, 16, 17, 48, 131, 300])
        let weight = random.tensor([outputs, inputs])
        let bias = random.choose([nil, random.tensor([outputs])])
        let all = random.tensor([rows, inputs])
        let x = random.choose([true, false]) ? all.toBFloat16() : all
        let packed = try cpu.pack([LinearSource(weight: weight, bias: bias)], .stacked, bits: .four)
        let out = Tensor(zeros: [rows, outputs])
        cpu.linear(x, packed, .identity, .replace, into: out)
        let stored = cpu.quantize(weight, bits: .four)
        let (integers, scales, added) = (Self.integers(stored, inputs: inputs), stored.scales.floats(), bias?.floats())
        #expect(integers.allSatisfy { $0.allSatisfy { abs($0) <= 127 } })
        let expected = Int8LinearTests.rows(x).map(Int8LinearTests.quantized).flatMap { a in
            integers.indices.map { column in
                let sum = zip(a.integers, integers[column]).reduce(0) { $0 + $1.0 * $1.1 }
                return Float(sum) * (scales[column] * a.scale) + (added?[column] ?? 0)
            }
        }
        #expect(out.floats() == expected, "\(rows) x \(inputs) -> \(outputs)")
        #expect(packed.byteCount < (inputs + 31) / 32 * 17 * (outputs + 15) + 8 * (outputs + 16))
    }

    /// Ranges of an FFN's neurons, which may begin in the middle of a group.
    @Test(arguments: [1, 5, 16, 17, 43])
    func rangesOfNeurons(rows: Int) throws {
        var random = SeededRandom(seed: UInt64(rows))
        let (hidden, neurons) = (60, 112)
        let down = random.tensor([hidden, neurons])
        let packed = try cpu.pack([LinearSource(weight: down)], .stacked, bits: .four)
        let stored = cpu.quantize(down, bits: .four)
        let (integers, scales) = (Self.integers(stored, inputs: neurons), stored.scales.floats())
        for range in [0..<112, 16..<64, 32..<48, 48..<112, 96..<112, 80..<85] {
            let inner = random.tensor([rows, range.count])
            let out = Tensor(zeros: [rows, hidden])
            cpu.linear(inner, packed, part: .inputs(range), .identity, .replace, into: out)
            let expected = Int8LinearTests.rows(inner).map(Int8LinearTests.quantized).flatMap { a in
                integers.indices.map { column in
                    let sum = zip(a.integers, integers[column][range]).reduce(0) { $0 + $1.0 * $1.1 }
                    return Float(sum) * (scales[column] * a.scale)
                }
            }
            #expect(out.floats() == expected, "\(range)")
        }
    }

    /// A weight that was quantised before packs to the same bits, alone, joined with others and in pairs.
    @Test func quantisedBeforeOrWhilePackingIsTheSame() throws {
        var random = SeededRandom(seed: 8)
        let weights = [random.tensor([48, 96]), random.tensor([131, 96]).toBFloat16(), random.tensor([131, 96])]
        let x = random.tensor([9, 96])
        for (some, arrangement) in [
            ([0], .stacked), ([0, 1], .stacked), ([1, 2], .stacked), ([1, 2], .gated),
        ] as [([Int], LinearArrangement)] {
            func run(_ sources: [LinearSource]) throws -> [Float] {
                let packed = try cpu.pack(sources, arrangement, bits: .four)
                let isGated = arrangement == .gated
                let out = Tensor(zeros: [9, isGated ? packed.outputs / 2 : packed.outputs])
                cpu.linear(x, packed, isGated ? .swiGLU : .identity, .replace, into: out)
                return out.floats()
            }
            let plain = some.map { LinearSource(weight: weights[$0]) }
            let stored = some.map { LinearSource(.quantized(cpu.quantize(weights[$0], bits: .four))) }
            #expect(try run(plain) == run(stored), "\(some) \(arrangement)")
        }
    }

    /// Steps and zeros are nearly the best there are: hardly more error than a search of all of them leaves.
    @Test func roundingIsNearlyTheBest() throws {
        var random = SeededRandom(seed: 4)
        let weight = random.tensor([4, 64])
        let stored = cpu.quantize(weight, bits: .four)
        let scales = stored.scales.floats()
        let integers = Self.integers(stored, inputs: 64)
        var (ours, best) = (0.0, 0.0)
        for (row, values) in Int8LinearTests.rows(weight).enumerated() {
            let numbers = values.map { Double($0) / Double(scales[row]) }
            for group in 0..<2 {
                let range = group * 32..<group * 32 + 32
                ours += zip(numbers[range], integers[row][range]).reduce(0) { $0 + pow($1.0 - Double($1.1), 2) }
                best +=
                    (3...18).flatMap { step in (0...15).map { (step, $0) } }.map { step, zero in
                        numbers[range].reduce(0) { sum, x in
                            let reach = 127 / step
                            let q = min(
                                max((x / Double(step)).rounded(), Double(-min(zero, reach))),
                                Double(min(15 - zero, reach)))
                            return sum + pow(x - q * Double(step), 2)
                        }
                    }.min() ?? 0
            }
        }
        #expect(ours < 1.02 * best, "\(ours) against \(best)")
    }

    /// What counts more is rounded better.
    @Test func importance() throws {
        var random = SeededRandom(seed: 5)
        let weight = random.tensor([64, 64])
        let importance = Tensor((0..<64).map { $0 % 4 == 0 ? 100 : 1 }, shape: [64])
        func error(_ stored: QuantizedMatrix) -> Double {
            let (a, b) = (stored.dequantized().floats(), weight.floats())
            return stride(from: 0, to: a.count, by: 4).reduce(0) { $0 + pow(Double(a[$1] - b[$1]), 2) }
        }
        let (plain, weighted) = (
            cpu.quantize(weight, bits: .four), cpu.quantize(weight, bits: .four, importance: importance)
        )
        #expect(error(weighted) < 0.8 * error(plain))
    }

    @Test func zeroRowsAndOutliersAndInfinities() throws {
        let weight = Tensor([1, -2, 3, 0, 0, 0, 1e30, 1, 1, .nan, 1, 1], shape: [4, 3])
        let packed = try cpu.pack([LinearSource(weight: weight)], .stacked, bits: .four)
        func run(_ x: [Float]) -> [Float] {
            let out = Tensor(zeros: [1, 4])
            cpu.linear(Tensor(x, shape: [1, 3]), packed, .identity, .replace, into: out)
            return out.floats()
        }
        #expect(Array(run([0, 0, 0])[..<3]) == [0, 0, 0])
        #expect(run([127, 0, 0])[1] == 0)
        #expect(run([1, 1, 1])[3].isNaN, "shown, not swallowed")
        for bad in [Float.infinity, .nan] { #expect(run([1, bad, 1]).allSatisfy { $0.isNaN }) }
    }
}
