public import Foundation

/// A safetensors file, memory-mapped: tensors look into the mapping and cost nothing until they are touched.
///
/// The header is checked completely on opening: lengths, shapes, offsets, no overlaps, no gaps, no duplicates.
public struct SafetensorsFile: TensorSource {
    /// The file's path, or what the caller called it.
    public let location: String
    /// The names of all tensors that can be read, in the order of their data.
    public let names: [String]
    /// The file's own notes (`__metadata__`).
    public let metadata: [String: String]
    /// What is stored in types that are not read here, and why.
    public let unreadable: [String: String]
    private let entries: [String: SafetensorsHeader.Entry]
    private let infos: [String: TensorInfo]
    private let storage: TensorStorage

    /// Maps and checks a file.
    ///
    /// - Throws: ``WeightError`` naming the file and, where one is to blame, the tensor.
    public init(url: URL) throws(WeightError) {
        try self.init(file: MappedFile(url: url))
    }

    /// Reads a file's contents from memory.
    ///
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what messages call it.
    public init(data: Data, name: String = "safetensors data") throws(WeightError) {
        try self.init(file: MappedFile(copying: data, name: name))
    }

    /// Reads a file that is mapped already.
    public init(file: MappedFile) throws(WeightError) {
        let header = try SafetensorsHeader(file.bytes, file: file.name)
        location = file.name
        metadata = header.metadata
        let entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
        var infos: [String: TensorInfo] = [:]
        var unreadable: [String: String] = [:]
        for entry in header.entries {
            switch entry.content {
            case .elements(let info): infos[entry.name] = info
            case .rare(let code): unreadable[entry.name] = Self.isNotRead(code)
            case .float8(_, let shape):
                if let scale = Float8.scale(of: entry.name, isStored: { entries[$0] != nil }) {
                    unreadable[entry.name] = Self.isScaled(by: scale)
                } else {
                    infos[entry.name] = TensorInfo(shape: shape, dtype: .bfloat16)
                }
            }
        }
        names = header.entries.map(\.name).filter { infos[$0] != nil }
        (self.entries, self.infos, self.unreadable) = (entries, infos, unreadable)
        storage = TensorStorage(borrowing: file.base, byteCount: file.byteCount, owner: file)
    }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { infos[name] }

    /// The tensor of that name: a view of the mapping, or a copy if its elements lie unaligned or are 8-bit floating-point numbers, which
    /// become bfloat16 without loss.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name,
    ///   ``WeightError/wrongTensor(name:file:reason:)`` if it is ``unreadable``.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let entry = entries[name], let info = infos[name] else { throw missing(name) }
        if case .float8(let type, let shape) = entry.content {
            return withExtendedLifetime(storage) {
                Tensor(expanding: storage.base + entry.byteOffset, shape: shape, type)
            }
        }
        return Tensor(reading: info, in: storage, at: entry.byteOffset)
    }
}

extension TensorSource {
    /// Why a tensor of a rare type can't be read.
    static func isNotRead(_ type: String) -> String {
        "has element type \(type), which is not read here; get the weights as float32, bfloat16 or float16"
    }

    /// Why an 8-bit tensor that has a scale can't be read.
    static func isScaled(by scale: String) -> String {
        "is in 8 bits with a scale of its own ('\(scale)'), which is not applied here; get the weights as float32, bfloat16 or float16"
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
