import Compute
import Foundation

/// Gaussian noise as PyTorch's CPU generator makes it, so that a seed means the same here and there: Mersenne Twister, 24-bit
/// uniforms, Box-Muller in blocks of sixteen.
public struct TorchNoise: Sendable {
    private var twister: MersenneTwister

    /// `torch.Generator().manual_seed(seed)`.
    public init(seed: UInt64) { twister = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed)) }

    /// `torch.randn(count, generator=...)` in float32, for `count` of at least 16, to rounding.
    public mutating func normal(_ count: Int) -> [Float] {
        precondition(count >= 16, "PyTorch draws fewer than 16 values in another way")
        var values = (0..<count).map { _ in uniform() }
        for start in stride(from: 0, through: count - 16, by: 16) { Self.boxMuller(&values, start) }
        if count % 16 != 0 {
            for i in count - 16..<count { values[i] = uniform() }
            Self.boxMuller(&values, count - 16)
        }
        return values
    }

    private mutating func uniform() -> Float { Float(twister.next() & 0xff_ffff) * 0x1p-24 }

    private static func boxMuller(_ values: inout [Float], _ start: Int) {
        for i in start..<start + 8 {
            let radius = (-2 * log(1 - values[i])).squareRoot()
            let angle = 2 * Float.pi * values[i + 8]
            values[i] = radius * cos(angle)
            values[i + 8] = radius * sin(angle)
        }
    }
}

/// MT19937.
private struct MersenneTwister: Sendable {
    private var state: [UInt32]
    private var index = 624

    init(seed: UInt32) {
        state = [seed]
        for i in 1..<624 {
            let last = state[i - 1]
            state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i))
        }
    }

    mutating func next() -> UInt32 {
        if index == 624 { refill() }
        var y = state[index]
        index += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9d2c_5680
        y ^= (y << 15) & 0xefc6_0000
        return y ^ (y >> 18)
    }

    private mutating func refill() {
        for i in 0..<624 {
            let y = (state[i] & 0x8000_0000) | (state[(i + 1) % 624] & 0x7fff_ffff)
            state[i] = state[(i + 397) % 624] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_b0df)
        }
        index = 0
    }
}

extension Float {
    /// The nearest bfloat16, ties to even: the official code rounds the initial noise so, in every precision.
    package var roundedToBFloat16: Float {
        Float(bitPattern: UInt32(bfloat16Bits) << 16)
    }
}
