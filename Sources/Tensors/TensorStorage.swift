import Foundation

/// A block of memory that tensors look into: either its own 64-byte aligned allocation, or a slice of something that
/// it keeps alive (a mapped file).
///
/// Storage is handed around by the tensors that share it. Writing is the privilege of whoever made it: weights are
/// written once while they are loaded and never again, activations belong to one request, and that is why sharing it
/// between threads is sound.
public final class TensorStorage: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer
    /// Bytes available from the start.
    public let byteCount: Int
    private let owner: AnyObject?

    /// Allocates `byteCount` bytes, aligned for vector loads, zeroed. Large blocks come from the system directly: in pages of 2 MB
    /// where it has them, taking memory when they are first written, and going back to it at once.
    ///
    /// Ends the program if there is no such memory (`OutOfMemory`).
    public convenience init(byteCount: Int) {
        do throws(OutOfMemory) {
            try self.init(allocating: byteCount)
        } catch {
            OutOfMemory.end(bytes: error.bytes)
        }
    }

    /// The same, for callers that can be told that there is no such memory.
    package init(allocating byteCount: Int) throws(OutOfMemory) {
        precondition(byteCount >= 0, "a negative size")
        guard byteCount <= Self.mostBytes else { throw OutOfMemory(bytes: byteCount) }
        self.byteCount = byteCount
        if let pages = LargePages(byteCount: byteCount) {
            base = pages.base
            owner = pages
            return
        }
        let rounded = max(64, (byteCount + 63) & ~63)
        guard let block = aligned_alloc(64, rounded) else { throw OutOfMemory(bytes: byteCount) }
        memset(block, 0, rounded)
        base = block
        owner = nil
    }

    /// More than any machine has, and little enough to be rounded up.
    private static let mostBytes = Int.max / 4

    /// Looks into memory that `owner` keeps alive. Such storage must not be written through.
    package init(borrowing base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
        self.base = UnsafeMutableRawPointer(mutating: base)
        self.byteCount = byteCount
        self.owner = owner
    }

    /// Lets the system take back the memory of bytes of a mapped file that will not be read again soon; they are read from the
    /// file again if they are. Does nothing to other memory.
    package func evict(byteOffset: Int, byteCount: Int) {
        (owner as? MappedFile)?.evict(at: base + byteOffset, byteCount: byteCount)
    }

    deinit {
        if owner == nil { free(base) }
    }
}
