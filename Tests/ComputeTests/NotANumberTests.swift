import Compute
import FlashUTesting
import Foundation
import Tensors
import Testing

/// A not-a-number or an infinity that goes in comes out: nothing on the way turns it into an ordinary number.
@Suite struct NotANumberTests {
    /// Not-a-numbers with all kinds of bits.
    static let none: [Float] =
        [.nan, -.nan, .signalingNaN]
        + [0x7f80_0001, 0xff80_0100, 0x7fff_ffff, 0xffc0_01ff].map { Float(bitPattern: $0) }

    /// The identity as a layer, so that activations see the input's elements.
    static func activated(_ values: [Float], _ activation: Activation) throws -> [Float] {
        let cpu = try CPUCompute(precision: .f32, threads: 1)
        let gated = activation == .swiGLU
        let one = LinearSource(weight: Tensor([1], shape: [1, 1]))
        let weights = try cpu.pack(gated ? [one, one] : [one], gated ? .gated : .stacked)
        let out = Tensor(zeros: [values.count, 1])
        cpu.linear(Tensor(values, shape: [values.count, 1]), weights, activation, .replace, into: out)
        return out.floats()
    }

    @Test(arguments: [Activation.identity, .gelu, .geluTanh, .silu, .swiGLU])
    func activations(activation: Activation) throws {
        let none = try Self.activated(Self.none, activation)
        #expect(none.filter { $0.isNaN }.count == none.count, "\(none)")
        let infinite = try Self.activated([.infinity, -.infinity], activation)
        #expect(infinite[0] == .infinity && !infinite[1].isFinite, "\(infinite)")
        // And ordinary numbers, however large, stay ordinary.
        let large = try Self.activated([88, -88, 88.5, -88.5, 100, -100, 1e18, -1e18], activation)
        #expect(large.allSatisfy { $0.isFinite || (activation == .swiGLU && $0 == .infinity) }, "\(large)")
        if activation == .silu { #expect(large.map { abs($0) < 1e-36 ? 0 : $0 } == [88, 0, 88.5, 0, 100, 0, 1e18, 0]) }
    }

    @Test(arguments: [Norm.Kind.rms, .layer, .l2], [true, false])
    func norms(kind: Norm.Kind, silu: Bool) throws {
        let cpu = try CPUCompute(precision: .f32, threads: 1)
        var random = SeededRandom(seed: 1)
        for width in [1, 5, 16, 37] {
            let norm = Norm(kind, weight: random.tensor([width]), epsilon: 1e-6)
            for bad in Self.none + [.infinity, -.infinity] {
                var values = random.tensor([3, width]).floats()
                values[width + width / 2] = bad
                let out = Tensor(zeros: [3, width])
                cpu.norm(Tensor(values, shape: [3, width]), norm, nil, silu: silu, into: out)
                let rows = (0..<3).map { out.rows($0..<$0 + 1).floats() }
                let (shown, others) = (rows[1].contains { !$0.isFinite }, rows[0] + rows[2])
                #expect(shown, "\(kind), width \(width), \(bad)")
                let (ordinary, allNone) = (others.allSatisfy { $0.isFinite }, rows[1].allSatisfy { $0.isNaN })
                #expect(ordinary && (allNone || !bad.isNaN), "\(kind), width \(width), \(bad)")
            }
        }
    }

    /// In a query, a key or a value: every row that sees it shows it.
    @Test(arguments: [Precision.f32, .bf16], [1, 7, 40, 300])
    func attention(precision: Precision, slots: Int) throws {
        let cpu = try CPUCompute(precision: precision, threads: 2)
        let geometry = AttentionGeometry(heads: 1, keyValueHeads: 1, headDim: 20)
        var random = SeededRandom(seed: UInt64(slots))
        var rows = RowLayout()
        rows.append(sequence: 0, start: 0, count: slots)  // causal
        let bad = slots / 2
        for (part, value) in [(0, Float.nan), (1, .nan), (2, .nan), (0, .infinity), (2, .infinity), (2, -.infinity)] {
            var fused = random.tensor([slots, geometry.fusedWidth]).floats()
            fused[bad * geometry.fusedWidth + part * 20 + 11] = value
            let caches = [cpu.makeCache(geometry)]
            let queries = Tensor(zeros: [slots, 20])
            let out = Tensor(zeros: [slots, 20], dtype: cpu.activationType)
            cpu.heads(
                Tensor(fused, shape: [slots, geometry.fusedWidth]), geometry, nil, nil, rows, caches, into: queries)
            cpu.attention(queries, geometry, rows, caches, into: out)
            let finite = (0..<slots).map { out.rows($0..<$0 + 1).floats().allSatisfy(\.isFinite) }
            #expect(!finite[bad], "part \(part), \(value)")
            if part > 0 { #expect(!finite[bad...].contains(true), "part \(part), \(value)") }
        }
    }
}
