import Foundation

/// A large block of zeroed memory from the system, aligned to 2 MB so that Linux may back it by large pages: matrix products walk through
/// weights in long strides, and small pages cost them address translations.
final class LargePages: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    private let byteCount: Int

    private static let alignment = 2 << 20

    /// nil for blocks that are not worth it, or when the system refuses.
    init?(byteCount: Int) {
        guard byteCount >= 2 * Self.alignment, byteCount < Int.max / 2 else { return nil }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (byteCount + page - 1) / page * page
        guard
            let start = mmap(
                nil, size + Self.alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { return nil }
        let lead = (Self.alignment - Int(bitPattern: start) % Self.alignment) % Self.alignment
        base = start + lead
        self.byteCount = size
        if lead > 0 { munmap(start, lead) }
        if lead < Self.alignment { munmap(base + size, Self.alignment - lead) }
        #if os(Linux)
            madvise(base, size, MADV_HUGEPAGE)
        #endif
    }

    deinit { munmap(base, byteCount) }
}
