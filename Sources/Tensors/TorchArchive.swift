public import Foundation

/// A file written by `torch.save` (`pytorch_model.bin`, `.pth`, `.pt`): a zip archive of stored elements and a pickle
/// that says which of them make which tensor. Memory-mapped; tensors look into the mapping.
///
/// The pickle is read by a machine of our own that executes nothing. A state dictionary may lie directly in the
/// file or under `state_dict`, `module`, `model` and the like; values that are no tensors are skipped.
public struct TorchArchive: TensorSource {
    /// The file's path, or what the caller called it.
    public let location: String
    /// The names of all tensors, in the state dictionary's order.
    public let names: [String]
    private let views: [String: StridedView]
    private let storage: TensorStorage

    /// Maps and checks a file.
    ///
    /// - Parameter verifyChecksums: also compare every tensor's bytes with the archive's checksums, which reads the
    ///   whole file. The pickle's checksum is always compared.
    /// - Throws: ``WeightError`` naming the file, and what it was caught at.
    public init(url: URL, verifyChecksums: Bool = false) throws(WeightError) {
        try self.init(file: MappedFile(url: url), verifyChecksums: verifyChecksums)
    }

    /// Reads a file's contents from memory.
    ///
    /// - Parameter name: what messages call it.
    public init(data: Data, name: String = "torch data", verifyChecksums: Bool = false) throws(WeightError) {
        try self.init(file: MappedFile(copying: data, name: name), verifyChecksums: verifyChecksums)
    }

    /// Reads a file that is mapped already.
    public init(file: MappedFile, verifyChecksums: Bool = false) throws(WeightError) {
        if let reason = WeightFormat(file.bytes).objection(toReadingAs: .torch) {
            throw .unsupported(file: file.name, reason: reason)
        }
        let contents = try TorchContents(file, verifyChecksums: verifyChecksums)
        location = file.name
        names = contents.names
        views = contents.views
        storage = TensorStorage(borrowing: file.base, byteCount: file.byteCount, owner: file)
    }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { views[name]?.info }

    /// The tensor of that name: a view of the mapping, or a row-major copy if it is stored transposed or unaligned.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let view = views[name] else { throw missing(name) }
        return view.tensor(in: storage)
    }
}
