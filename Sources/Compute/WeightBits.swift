/// How many bits a weight is held in where the engine's precision has so few.
public enum WeightBits: Int, Sendable, Comparable {
    /// bfloat16, or float32.
    case sixteen = 16
    /// int8 in ``Precision/int8`` and ``Precision/int4``.
    case eight = 8
    /// int4 in ``Precision/int4``, int8 in ``Precision/int8``.
    case four = 4

    /// Fewer bits come first.
    public static func < (a: WeightBits, b: WeightBits) -> Bool { a.rawValue < b.rawValue }
}

extension Precision {
    /// The fewest bits that this precision holds a weight in.
    public var fewestBits: WeightBits {
        switch self {
        case .f32, .bf16: .sixteen
        case .int8: .eight
        case .int4: .four
        }
    }
}
