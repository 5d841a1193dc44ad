/// The element types that tensors hold.
public enum DType: String, Sendable, Hashable, CaseIterable, Codable {
    /// IEEE 754 single precision.
    case float32
    /// The upper half of a `float32`: 8 exponent bits, 7 mantissa bits.
    case bfloat16
    /// IEEE 754 half precision.
    case float16
    /// IEEE 754 double precision (read from files, never computed with).
    case float64
    /// Signed 8-bit integer.
    case int8
    /// Unsigned 8-bit integer.
    case uint8
    /// Signed 16-bit integer.
    case int16
    /// Signed 32-bit integer.
    case int32
    /// Signed 64-bit integer.
    case int64
    /// One byte a value, 0 or 1.
    case bool

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .bfloat16, .float16, .int16: 2
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }
}
