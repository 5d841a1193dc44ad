public import Tensors

/// The intermediate tensors of one request, allocated on first use and kept: no step after the first allocates.
///
/// A name stands for one block of memory. Asking again with a size that fits returns the same memory, whatever is in it.
public final class Workspace {
    private var blocks: [String: TensorStorage] = [:]
    private var values: [String: Any] = [:]

    /// An empty workspace.
    public init() {}

    /// The tensor called `name`. Its contents are whatever was left there.
    public func tensor(_ name: String, _ shape: [Int], _ dtype: DType = .float32) -> Tensor {
        let bytes = TensorInfo(shape: shape, dtype: dtype).checkedByteCount ?? .max  // too many for any memory
        if let block = blocks[name], block.byteCount >= bytes {
            return Tensor(shape: shape, dtype: dtype, storage: block, byteOffset: 0)
        }
        let block = TensorStorage(byteCount: bytes)
        blocks[name] = block
        return Tensor(shape: shape, dtype: dtype, storage: block, byteOffset: 0)
    }

    /// What `make` made when `name` was first asked for: caches and layouts that a request uses in every step. `name` must say all that the
    /// value depends on.
    public func value<Value>(_ name: String, _ make: () -> Value) -> Value {
        if let known = values[name] as? Value { return known }
        let made = make()
        values[name] = made
        return made
    }

    /// Bytes held, without what ``value(_:_:)`` made.
    public var byteCount: Int { blocks.values.reduce(0) { $0 + $1.byteCount } }
}
