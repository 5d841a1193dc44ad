package import Foundation

/// SHA-256 (FIPS 180-4): for numbers that others must be able to compute too, such as seeds.
package enum SHA256 {
    /// The 32 bytes of a message's digest.
    package static func digest(_ message: Data) -> [UInt8] {
        var bytes = [UInt8](message)
        let bits = UInt64(bytes.count) &* 8
        bytes.append(0x80)
        bytes.append(contentsOf: repeatElement(0, count: (120 - bytes.count % 64) % 64))
        bytes.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) })

        var state = initial
        var words = [UInt32](repeating: 0, count: 64)
        for block in stride(from: 0, to: bytes.count, by: 64) {
            for i in 0..<16 {
                let at = block + 4 * i
                words[i] = bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
            }
            for i in 16..<64 {
                let (a, b) = (words[i - 15], words[i - 2])
                let s0 = turned(a, 7) ^ turned(a, 18) ^ a >> 3
                let s1 = turned(b, 17) ^ turned(b, 19) ^ b >> 10
                words[i] = words[i - 16] &+ s0 &+ words[i - 7] &+ s1
            }
            var s = state
            for i in 0..<64 {
                let s1 = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)
                let choice = s[4] & s[5] ^ ~s[4] & s[6]
                let one = s[7] &+ s1 &+ choice &+ constants[i] &+ words[i]
                let s0 = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)
                let majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
                s = [one &+ s0 &+ majority, s[0], s[1], s[2], s[3] &+ one, s[4], s[5], s[6]]
            }
            for i in 0..<8 { state[i] = state[i] &+ s[i] }
        }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
    }

    /// The digest's first `digits` hex digits.
    package static func hex(_ message: Data, digits: Int = 64) -> String {
        let text = digest(message).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return String(text.prefix(digits))
    }

    private static func turned(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
    private static let initial = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
    /// The same of the cube roots of the first 64.
    private static let constants = primes.map { cubeRootFraction($0) }

    private static let primes: [UInt64] = (2...311).filter { n in !(2..<n).contains { $0 * $0 <= n && n % $0 == 0 } }

    private static func fraction(_ root: Double) -> UInt32 { UInt32((root - root.rounded(.down)) * 4_294_967_296) }

    /// By bisection in whole numbers: doubles have no cube root that is exact to the last bit everywhere.
    private static func cubeRootFraction(_ prime: UInt64) -> UInt32 {
        // The largest r with r^3 <= prime * 2^96, so that r = floor(cbrt(prime) * 2^32).
        var (low, high): (UInt64, UInt64) = (0, 7 << 32)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            let square = middle.multipliedFullWidth(by: middle)  // < 2^70
            // square * middle against prime * 2^96, in 128 + 64 bits.
            let lowProduct = square.low.multipliedFullWidth(by: middle)
            let highProduct = square.high.multipliedFullWidth(by: middle)
            let (second, carry) = highProduct.low.addingReportingOverflow(lowProduct.high)
            let third = highProduct.high + (carry ? 1 : 0)
            // prime * 2^96: low 64 bits 0, second prime << 32, third 0 (primes are small).
            let isBelow = third == 0 && (second < prime << 32 || second == prime << 32 && lowProduct.low == 0)
            if isBelow { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }
}
