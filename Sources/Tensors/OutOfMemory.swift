import Foundation

/// Memory that the system does not give.
///
/// What a request needs is estimated before it starts, and refused with both numbers where it is too much. This is what is left: where a caller
/// can be told, it is thrown; where none can (in the middle of a network's pass, on a thread of the pool) ``end(bytes:)`` ends the program.
package struct OutOfMemory: Error, Sendable, Equatable, CustomStringConvertible {
    /// How much more was needed.
    package let bytes: Int

    /// So many bytes could not be had; `Int.max` if there were more than can be counted.
    package init(bytes: Int) { self.bytes = bytes }

    /// One line for the user.
    package var description: String {
        "out of memory: \(max(1, bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0))) MB more were needed"
    }

    /// Ends the program unless the system would give so many bytes at once: for what the standard library allocates, which stops with a trap.
    package static func require(bytes: (partialValue: Int, overflow: Bool)) {
        let wanted = bytes.overflow ? Int.max : bytes.partialValue
        guard let memory = malloc(wanted) else { end(bytes: wanted) }
        free(memory)
    }

    /// The last resort, and the only place where the program ends for want of memory: one line on standard error, and exit status 1. At once: whatever
    /// runs at exit might need memory itself.
    package static func end(bytes: Int) -> Never {
        let line = OutOfMemory(bytes: bytes).description + "\n"
        line.utf8CString.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
        _exit(1)
    }
}
