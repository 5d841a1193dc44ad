public import Foundation
import Synchronization

/// A file written by `torch.save` (`pytorch_model.bin`, `.pth`, `.pt`): stored elements and a pickle that says which of them make which tensor,
/// in a zip archive or, before PyTorch 1.6, one after the other. Memory-mapped; tensors look into the mapping.
///
/// The pickle is read by a machine of our own that executes nothing. A state dictionary may lie directly in the
/// file or under `state_dict`, `module`, `model` and the like; values that are no tensors are skipped, whatever they are.
public struct TorchArchive: TensorSource {
    /// The file's path, or what the caller called it.
    public let location: String
    /// The names of all tensors that can be read, in the state dictionary's order.
    public let names: [String]
    /// What the state dictionary holds in forms that are not read here (quantised, sparse, complex, ...), and why.
    public var unreadable: [String: String] { contents.unreadable }
    private let contents: TorchContents
    private let file: MappedFile
    private let storage: TensorStorage
    private let verified = Verified()

    /// Maps and checks a file.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - verifyChecksums: compare every tensor's bytes with the archive's checksums now, which reads the
    ///     whole file, and not when the tensor is first asked for. The pickle's checksum is always compared.
    /// - Throws: ``WeightError`` naming the file, and what it was caught at.
    public init(url: URL, verifyChecksums: Bool = false) throws(WeightError) {
        try self.init(file: MappedFile(url: url), verifyChecksums: verifyChecksums)
    }

    /// Reads a file's contents from memory.
    ///
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what messages call it.
    ///   - verifyChecksums: compare every tensor's bytes with the archive's checksums now.
    public init(data: Data, name: String = "torch data", verifyChecksums: Bool = false) throws(WeightError) {
        try self.init(file: MappedFile(copying: data, name: name), verifyChecksums: verifyChecksums)
    }

    /// Reads a file that is mapped already.
    public init(file: MappedFile, verifyChecksums: Bool = false) throws(WeightError) {
        if let reason = WeightFormat(file.bytes).objection(toReadingAs: .torch) {
            throw .unsupported(file: file.name, reason: reason)
        }
        contents = try TorchContents(file, verifyChecksums: verifyChecksums)
        self.file = file
        location = file.name
        names = contents.names
        storage = TensorStorage(borrowing: file.base, byteCount: file.byteCount, owner: file)
    }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { contents.views[name]?.info }

    /// The tensor of that name: a view of the mapping, or a row-major copy if it is stored transposed or unaligned, as most are in files by PyTorch before 1.6.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name,
    ///   ``WeightError/damaged(file:reason:)`` if its bytes contradict the archive's checksum.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let view = contents.views[name], let bytes = contents.stored[name] else { throw missing(name) }
        // Tensors may share their elements, so each entry is compared once.
        if let entry = bytes.entry, verified.entries.withLock({ $0.insert(entry.byteOffset).inserted }) {
            do {
                try TorchContents.verify(entry, of: file)
            } catch {
                _ = verified.entries.withLock { $0.remove(entry.byteOffset) }
                throw error
            }
        }
        return view.tensor(in: storage)
    }

    private final class Verified: Sendable {
        /// Where the entries begin whose bytes were compared.
        let entries = Mutex<Set<Int>>([])
    }
}
