import Foundation

/// A dense, row-major, n-dimensional array: shape, element type, and a place in a ``TensorStorage``.
///
/// Copying a tensor copies the description, not the elements. The elements are opaque above `Compute`, except for
/// ``floats()`` and ``init(_:shape:)``, which copy.
public struct Tensor: Sendable {
    /// Extents, outermost first. Empty for a scalar.
    public let shape: [Int]
    /// Element type.
    public let dtype: DType
    /// The memory that holds the elements.
    public let storage: TensorStorage
    /// Where the first element lies in ``storage``, in bytes.
    public let byteOffset: Int

    /// A zeroed tensor in memory of its own. Extents must not be negative. Ends the program if there is no such memory (`OutOfMemory`).
    public init(zeros shape: [Int], dtype: DType = .float32) {
        do throws(OutOfMemory) {
            try self.init(allocating: shape, dtype: dtype)
        } catch {
            OutOfMemory.end(bytes: error.bytes)
        }
    }

    /// The same, for callers that can be told that there is no such memory.
    package init(allocating shape: [Int], dtype: DType = .float32) throws(OutOfMemory) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a negative extent in \(shape)")
        guard let bytes = TensorInfo(shape: shape, dtype: dtype).checkedByteCount else {
            throw OutOfMemory(bytes: .max)
        }
        self.init(shape: shape, dtype: dtype, storage: try TensorStorage(allocating: bytes), byteOffset: 0)
    }

    /// A view of `storage`. The caller has checked that the elements lie inside it.
    package init(shape: [Int], dtype: DType, storage: TensorStorage, byteOffset: Int) {
        guard let bytes = TensorInfo(shape: shape, dtype: dtype).checkedByteCount else {
            preconditionFailure("a view of shape \(shape)")
        }
        precondition(byteOffset >= 0 && byteOffset <= storage.byteCount && bytes <= storage.byteCount - byteOffset)
        self.shape = shape
        self.dtype = dtype
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// A float32 tensor with the given elements, row-major.
    public init(_ values: [Float], shape: [Int]) {
        precondition(
            TensorInfo(shape: shape, dtype: .float32).checkedByteCount == 4 * values.count,
            "\(values.count) values do not fill \(shape)")
        self.init(zeros: shape)
        values.withUnsafeBytes {
            storage.base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(storage.base), byteCount: $0.count)
        }
    }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Bytes of all elements.
    public var byteCount: Int { count * dtype.size }

    /// The first element's address. The storage outlives it only while this tensor (or another owner) is alive.
    package var pointer: UnsafeMutableRawPointer { storage.base + byteOffset }

    /// Lets the system take back the memory of a tensor in a mapped file that has been read; see ``TensorStorage``.
    package func evict() { storage.evict(byteOffset: byteOffset, byteCount: byteCount) }

    /// The same elements in another shape of equal count.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(
            TensorInfo(shape: shape, dtype: dtype).checkedByteCount == byteCount, "\(self.shape) cannot become \(shape)"
        )
        return Tensor(shape: shape, dtype: dtype, storage: storage, byteOffset: byteOffset)
    }

    /// Rows `range` of the outermost axis, sharing the elements.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(
            !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
        let stride = shape.dropFirst().reduce(1, *) * dtype.size
        return Tensor(
            shape: [range.count] + shape.dropFirst(), dtype: dtype, storage: storage,
            byteOffset: byteOffset + range.lowerBound * stride)
    }

    /// A copy of the elements as `Float`, row-major, whatever the element type.
    public func floats() -> [Float] {
        let count = count
        if dtype == .float32 {
            return [Float](unsafeUninitializedCapacity: count) { out, filled in
                if count > 0, let to = out.baseAddress { memcpy(to, pointer, count * 4) }
                filled = count
            }
        }
        return [Float](unsafeUninitializedCapacity: count) { out, filled in
            for i in 0..<count { out[i] = float(at: i) }
            filled = count
        }
    }

    func float(at i: Int) -> Float {
        let address = UnsafeRawPointer(pointer) + i * dtype.size
        return switch dtype {
        case .float32: address.loadUnaligned(as: Float.self)
        case .bfloat16: Float(bitPattern: UInt32(address.loadUnaligned(as: UInt16.self)) << 16)
        case .float16: Float(halfBits: address.loadUnaligned(as: UInt16.self))
        case .float64: Float(address.loadUnaligned(as: Double.self))
        case .int8: Float(address.loadUnaligned(as: Int8.self))
        case .uint8, .bool: Float(address.loadUnaligned(as: UInt8.self))
        case .int16: Float(address.loadUnaligned(as: Int16.self))
        case .int32: Float(address.loadUnaligned(as: Int32.self))
        case .int64: Float(address.loadUnaligned(as: Int64.self))
        }
    }
}

extension Float {
    /// The value of an IEEE half-precision bit pattern.
    package init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits & 0x3ff)
        switch (exponent, fraction) {
        case (0, _): self = (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
        case (31, _): self.init(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: self.init(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
