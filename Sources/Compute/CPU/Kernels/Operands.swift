import Tensors

/// What kernels are given: addresses in the storage of tensors, whose own bounds ``Tensor`` checks.
///
/// The kernels in C check nothing. Each of their structs is made by one function in this folder, which checks what the struct's comment demands
/// and stops the program where it does not hold: a mismatch is a programming error, and memory must not be overwritten by it. What files and
/// requests say is checked long before, with errors.
extension Tensor {
    /// The address of a tensor of such a type and count.
    func operand(_ types: [DType], count: Int, _ role: StaticString) -> UnsafeMutableRawPointer {
        precondition(self.count == count, "\(role): \(shape) where \(count) elements are expected")
        return operand(types, role)
    }

    /// The address of a tensor of such a type.
    func operand(_ types: [DType], _ role: StaticString) -> UnsafeMutableRawPointer {
        precondition(types.contains(dtype), "\(role): of type \(dtype)")
        precondition(isAligned, "\(role): not aligned to its elements")
        return pointer
    }

    /// The address of a float32 vector.
    func vector(_ count: Int, _ role: StaticString) -> UnsafeMutablePointer<Float> {
        operand([.float32], count: count, role).assumingMemoryBound(to: Float.self)
    }

    /// Whether elements lie where processors expect them. Tensors in files may lie anywhere.
    var isAligned: Bool { Int(bitPattern: pointer) % dtype.size == 0 }

    /// Itself, or a copy if it does not lie where its elements can be read.
    func aligned() -> Tensor {
        isAligned ? self : withUnsafeBytes { Tensor(copying: $0, shape: shape, dtype: dtype) }
    }

    /// Whether it shares memory with another.
    func overlaps(_ other: Tensor) -> Bool {
        pointer < other.pointer + other.byteCount && other.pointer < pointer + byteCount
    }

    /// The `count` elements of float32 storage from the element `offset` on, as a matrix.
    func matrix(at offset: Int, _ rows: Int, _ columns: Int) -> Tensor {
        Tensor(
            shape: [rows, columns], dtype: dtype, storage: storage, byteOffset: byteOffset + offset * dtype.size)
    }
}
