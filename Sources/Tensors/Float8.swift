/// The 8-bit floating-point types that are read. Every value of theirs is one of bfloat16's, which is what they become.
///
/// Source: Micikevicius et al., "FP8 Formats for Deep Learning" (arXiv 2209.05433), table 1.
enum Float8: Sendable, Hashable {
    /// Sign, 4 exponent bits of bias 7, 3 mantissa bits; no infinities, two not-a-numbers (`float8_e4m3fn`).
    case e4m3
    /// Sign, 5 exponent bits of bias 15, 2 mantissa bits: the upper byte of a half-precision number.
    case e5m2

    /// Bit patterns of bfloat16, one for each byte.
    var patterns: [UInt16] { self == .e4m3 ? Self.e4m3Patterns : Self.e5m2Patterns }

    private static let e4m3Patterns = (0..<256).map { byte -> UInt16 in
        let (exponent, fraction) = (byte >> 3 & 15, byte & 7)
        let magnitude: Float =
            switch (exponent, fraction) {
            case (15, 7): .nan
            case (0, _): Float(fraction) * 0x1p-9
            default: Float(8 + fraction) * Float(sign: .plus, exponent: exponent - 10, significand: 1)
            }
        return UInt16(magnitude.bitPattern >> 16) | (byte < 128 ? 0 : 0x8000)
    }

    private static let e5m2Patterns = (0..<256).map { byte in
        UInt16(Float(halfBits: UInt16(byte) << 8).bitPattern >> 16)
    }

    /// The stored scale by which the 8-bit weight `name` would have to be multiplied, if there is one: then its bytes alone mean
    /// nothing. Several programs write such files, each with names of its own.
    static func scale(of name: String, isStored: (String) -> Bool) -> String? {
        let stem = name.hasSuffix(".weight") ? String(name.dropLast("weight".count)) : name + "."
        let candidates = ["_scale", "_scale_inv", ".scale"].map { name + $0 } + [stem + "scale_weight", "scaled_fp8"]
        return candidates.first(where: isStored)
    }
}

extension Tensor {
    /// bfloat16 values of the 8-bit elements in `bytes` `[shape]`.
    init(expanding bytes: UnsafeRawPointer, shape: [Int], _ type: Float8) {
        self.init(zeros: shape, dtype: .bfloat16)
        let to = pointer.assumingMemoryBound(to: UInt16.self)
        let from = bytes.assumingMemoryBound(to: UInt8.self)
        let count = count
        type.patterns.withUnsafeBufferPointer { patterns in
            for i in 0..<count { to[i] = patterns[Int(from[i])] }
        }
    }
}
