public import Foundation

/// A safetensors file, memory-mapped: tensors look into the mapping and cost nothing until they are touched.
///
/// The header is checked completely on opening: lengths, shapes, offsets, no overlaps, no gaps, no duplicates.
public struct SafetensorsFile: TensorSource {
    /// The file's path, or what the caller called it.
    public let location: String
    /// The names of all tensors, in the order of their data.
    public let names: [String]
    /// The file's own notes (`__metadata__`).
    public let metadata: [String: String]
    private let entries: [String: SafetensorsHeader.Entry]
    private let storage: TensorStorage

    /// Maps and checks a file.
    ///
    /// - Throws: ``WeightError`` naming the file and, where one is to blame, the tensor.
    public init(url: URL) throws(WeightError) {
        try self.init(file: MappedFile(url: url))
    }

    /// Reads a file's contents from memory.
    ///
    /// - Parameter name: what messages call it.
    public init(data: Data, name: String = "safetensors data") throws(WeightError) {
        try self.init(file: MappedFile(copying: data, name: name))
    }

    /// Reads a file that is mapped already.
    public init(file: MappedFile) throws(WeightError) {
        let header = try SafetensorsHeader(file.bytes, file: file.name)
        location = file.name
        metadata = header.metadata
        names = header.entries.map(\.name)
        entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
        storage = TensorStorage(borrowing: file.base, byteCount: file.byteCount, owner: file)
    }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { entries[name]?.info }

    /// The tensor of that name: a view of the mapping, or a copy if its elements lie unaligned.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let entry = entries[name] else { throw missing(name) }
        return Tensor(reading: entry.info, in: storage, at: entry.byteOffset)
    }
}

extension Tensor {
    /// A view of stored elements, or a copy if they do not lie on a multiple of their size. The caller has checked
    /// that they lie inside.
    init(reading info: TensorInfo, in storage: TensorStorage, at byteOffset: Int) {
        if Int(bitPattern: storage.base + byteOffset) % info.dtype.size == 0 {
            self.init(shape: info.shape, dtype: info.dtype, storage: storage, byteOffset: byteOffset)
        } else {
            self.init(zeros: info.shape, dtype: info.dtype)
            pointer.copyMemory(from: storage.base + byteOffset, byteCount: byteCount)
        }
    }
}
