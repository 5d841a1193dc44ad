import Compute
import Foundation
import Tensors

/// Gaussian noise as PyTorch's CPU generator makes it, so that a seed means the same here and there: Mersenne Twister, 24-bit
/// uniforms, Box-Muller in blocks of sixteen; fewer than sixteen values are drawn one by one, from pairs of 53-bit uniforms in float64.
public struct TorchNoise: Sendable {
    private var twister: MersenneTwister
    /// The second value of a pair that was drawn one by one, for the next draw of that kind.
    private var kept: Double?

    /// `torch.Generator().manual_seed(seed)`.
    public init(seed: UInt64) { twister = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed)) }

    /// `torch.randn(count, generator=...)` in float32, to rounding; nothing where `count` is not positive.
    public mutating func normal(_ count: Int) -> [Float] {
        guard count >= 16 else { return (0..<max(0, count)).map { _ in Float(single()) } }
        OutOfMemory.require(bytes: count.multipliedReportingOverflow(by: MemoryLayout<Float>.size))
        var values = (0..<count).map { _ in uniform() }
        for start in stride(from: 0, through: count - 16, by: 16) { Self.boxMuller(&values, start) }
        if count % 16 != 0 {
            for i in count - 16..<count { values[i] = uniform() }
            Self.boxMuller(&values, count - 16)
        }
        return values
    }

    private mutating func uniform() -> Float { Float(twister.next() & 0xff_ffff) * 0x1p-24 }

    private mutating func uniform53() -> Double {
        let high = UInt64(twister.next())
        return Double((high << 32 | UInt64(twister.next())) & (1 << 53 - 1)) * 0x1p-53
    }

    private mutating func single() -> Double {
        if let second = kept {
            kept = nil
            return second
        }
        let (first, second) = (uniform53(), uniform53())
        let (radius, angle) = ((-2 * log1p(-second)).squareRoot(), 2 * Double.pi * first)
        kept = radius * sin(angle)
        return radius * cos(angle)
    }

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
