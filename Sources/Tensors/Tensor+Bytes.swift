extension Tensor {
    /// A tensor with the given raw elements: row-major, little-endian, copied.
    ///
    /// The bytes must be exactly those of `shape` and `dtype`.
    public init(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
        self.init(zeros: shape, dtype: dtype)
        precondition(bytes.count == byteCount, "\(bytes.count) bytes do not fill \(shape) of \(dtype)")
        if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: bytes.count) }
    }

    /// An int64 tensor with the given elements, row-major.
    public init(int64 values: [Int64], shape: [Int]) {
        self = values.withUnsafeBytes { Tensor(copying: $0, shape: shape, dtype: .int64) }
    }

    /// Lends the raw elements, row-major, little-endian, for reading. The pointer is valid only inside `body`.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(storage) {
            try body(UnsafeRawBufferPointer(start: pointer, count: byteCount))
        }
    }

    /// A copy of the elements as `Int`, row-major; floating-point elements are truncated towards zero, and what does
    /// not fit becomes zero.
    public func integers() -> [Int] {
        withUnsafeBytes { bytes in
            (0..<count).map { i in
                let at = i * dtype.size
                return switch dtype {
                case .int8: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int8.self))
                case .uint8, .bool: Int(bytes[at])
                case .int16: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int16.self))
                case .int32: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
                case .int64: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
                case .float64:
                    Int(exactly: bytes.loadUnaligned(fromByteOffset: at, as: Double.self).rounded(.towardZero)) ?? 0
                case .float32, .float16, .bfloat16: Int(exactly: float(at: i).rounded(.towardZero)) ?? 0
                }
            }
        }
    }
}
