public import Foundation

/// The bytes of a file, mapped read-only into memory: opening costs nothing, pages arrive when they are touched.
///
/// The mapping is private and lives as long as this object or any tensor that looks into it. A file that another
/// process *truncates* while it is mapped takes its pages with it, and touching those ends this process with `SIGBUS`,
/// as in every program that maps files; replacing a file by renaming a new one over it (as ``SafetensorsWriter``
/// does) is harmless, the old contents stay.
public final class MappedFile: @unchecked Sendable {
    /// Where the bytes came from, for messages.
    public let name: String
    /// Size in bytes.
    public let byteCount: Int
    package let base: UnsafeRawPointer
    private let isMapped: Bool

    /// Maps a regular file.
    ///
    /// - Throws: ``WeightError`` if there is no such file, it is a folder or no regular file, it is empty, or the
    ///   system refuses.
    public init(url: URL) throws(WeightError) {
        let path = url.path
        name = path
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .notFound(file: path) }
        // O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(file: path) }
            throw .unreadable(file: path, reason: systemMessage())
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: path, reason: systemMessage()) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .unreadable(file: path, reason: "it is a folder, not a file")
        default: throw .unreadable(file: path, reason: "it is no regular file")
        }
        guard let count = Int(exactly: status.st_size), count > 0 else {
            throw .damaged(file: path, reason: "the file is empty")
        }
        guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw .unreadable(file: path, reason: systemMessage())
        }
        base = UnsafeRawPointer(address)
        byteCount = count
        isMapped = true
    }

    /// Copies bytes into memory of its own, to read a file that never was one.
    ///
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what messages call it.
    public init(copying data: Data, name: String) {
        self.name = name
        byteCount = data.count
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(data.count, 64), alignment: 64)
        data.copyBytes(to: memory)
        base = memory.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
        isMapped = false
    }

    /// Gives back the pages that lie wholly inside these bytes.
    func evict(at start: UnsafeMutableRawPointer, byteCount: Int) {
        guard isMapped else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (Int(bitPattern: start) + page - 1) / page * page
        let last = (Int(bitPattern: start) + byteCount) / page * page
        if last > first, let address = UnsafeMutableRawPointer(bitPattern: first) {
            madvise(address, last - first, MADV_DONTNEED)
        }
    }

    deinit {
        let memory = UnsafeMutableRawPointer(mutating: base)
        if isMapped { munmap(memory, byteCount) } else { memory.deallocate() }
    }

    /// All bytes. Valid while this object lives.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }
}

/// What `errno` says, in words.
func systemMessage() -> String { String(cString: strerror(errno)) }

extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`, or nil if it does not lie inside.
    package func littleEndian<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T? {
        let size = MemoryLayout<T>.size
        guard offset >= 0, count >= size, offset <= count - size else { return nil }
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The `length` bytes at `offset`, or nil if they do not lie inside.
    package func slice(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[offset..<offset + length])
    }
}
