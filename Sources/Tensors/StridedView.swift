/// A view of stored elements whose every element is known to lie inside its storage.
struct StridedView: Sendable {
    /// Shape and type of what one gets.
    let info: TensorInfo
    /// How elements are stored that become another type; else nil.
    let float8: Float8?
    /// Elements between neighbours, per axis.
    let strides: [Int]
    /// Of the first element, from the start of the file.
    let byteOffset: Int

    /// Broadcast views (stride 0) of more elements than this are refused: a few bytes must not fill the memory.
    static let maxBroadcast = 1 << 24

    /// Checks a view against the `storage` bytes at `storageOffset` that it may look into.
    ///
    /// - Returns: nil with the reason if it is impossible.
    static func checked(
        _ tensor: PickledTensor, storageOffset: Int, storageBytes: Int
    ) -> (view: StridedView?, reason: String) {
        let (dtype, float8): (DType, Float8?)
        switch tensor.element {
        case .plain(let type): (dtype, float8) = (type, nil)
        case .float8(let type): (dtype, float8) = (.bfloat16, type)
        case .rare(let name, _): return (nil, "has element type \(name)")
        }
        let info = TensorInfo(shape: tensor.shape, dtype: dtype)
        let size = tensor.element.size
        guard tensor.shape.count == tensor.strides.count, tensor.shape.allSatisfy({ $0 >= 0 }),
            tensor.strides.allSatisfy({ $0 >= 0 }), tensor.offset >= 0
        else {
            return (
                nil, "has an impossible shape \(tensor.shape), strides \(tensor.strides) or offset \(tensor.offset)"
            )
        }
        guard let byteCount = info.checkedByteCount else {
            return (nil, "has a shape too large for any memory: \(tensor.shape)")
        }
        let unit = tensor.storage.element?.size ?? 1
        let (stated, overflow) = tensor.storage.count.multipliedReportingOverflow(by: unit)
        guard !overflow, stated >= 0, stated <= storageBytes else {
            return (nil, "claims \(tensor.storage.count) stored elements where the file has \(storageBytes) bytes")
        }
        // The part of the storage that it looks into, from `start`, in bytes.
        var (start, claimed) = (0, stated)
        if let part = tensor.storage.part {
            guard part.offset >= 0, part.count >= 0, part.offset <= tensor.storage.count,
                part.count <= tensor.storage.count - part.offset
            else { return (nil, "looks into a part of its stored elements that is outside them") }
            (start, claimed) = (part.offset * unit, part.count * unit)
        }
        if byteCount > 0 {
            var last = tensor.offset
            for (extent, stride) in zip(tensor.shape, tensor.strides) {
                let (span, overflow1) = (extent - 1).multipliedReportingOverflow(by: stride)
                let (next, overflow2) = last.addingReportingOverflow(span)
                guard !overflow1, !overflow2 else { return (nil, "reaches outside its stored elements") }
                last = next
            }
            guard last < claimed / size else { return (nil, "reaches outside its stored elements") }
            guard byteCount <= max(claimed, maxBroadcast * size) else {
                return (nil, "repeats \(claimed / size) stored elements to \(byteCount / size)")
            }
        }
        // The stride of an axis with one element means nothing and was not bounded above.
        let strides = zip(tensor.shape, tensor.strides).map { $0 > 1 ? $1 : 0 }
        let offset = byteCount > 0 ? tensor.offset * size : 0
        return (
            StridedView(info: info, float8: float8, strides: strides, byteOffset: storageOffset + start + offset), ""
        )
    }

    /// Whether the elements lie row-major without gaps.
    var isContiguous: Bool {
        var expected = 1
        for (extent, stride) in zip(info.shape, strides).reversed() where extent != 1 {
            guard stride == expected else { return false }
            expected *= extent
        }
        return true
    }

    /// The elements: a view where they lie in order and aligned, otherwise a row-major copy.
    func tensor(in storage: TensorStorage) -> Tensor {
        guard let float8 else { return elements(info, in: storage) }
        let bytes = elements(TensorInfo(shape: info.shape, dtype: .uint8), in: storage)
        return withExtendedLifetime(bytes.storage) { Tensor(expanding: bytes.pointer, shape: info.shape, float8) }
    }

    private func elements(_ info: TensorInfo, in storage: TensorStorage) -> Tensor {
        let isEmpty = info.shape.contains(0)
        if isEmpty || isContiguous { return Tensor(reading: info, in: storage, at: byteOffset) }
        let out = Tensor(zeros: info.shape, dtype: info.dtype)
        let source = UnsafeRawPointer(storage.base + byteOffset)
        switch info.dtype.size {
        case 1: gather(UInt8.self, from: source, into: out)
        case 2: gather(UInt16.self, from: source, into: out)
        case 4: gather(UInt32.self, from: source, into: out)
        default: gather(UInt64.self, from: source, into: out)
        }
        return out
    }

    private func gather<T: FixedWidthInteger>(_: T.Type, from source: UnsafeRawPointer, into out: Tensor) {
        let size = MemoryLayout<T>.size
        let rank = info.shape.count
        let inner = info.shape[rank - 1]
        let step = strides[rank - 1] * size
        var index = [Int](repeating: 0, count: rank)
        var row = source
        var target = out.pointer
        while true {
            for i in 0..<inner {
                target.storeBytes(of: row.loadUnaligned(fromByteOffset: i * step, as: T.self), as: T.self)
                target += size
            }
            var axis = rank - 2
            while axis >= 0 {
                index[axis] += 1
                row += strides[axis] * size
                if index[axis] < info.shape[axis] { break }
                row -= info.shape[axis] * strides[axis] * size
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
