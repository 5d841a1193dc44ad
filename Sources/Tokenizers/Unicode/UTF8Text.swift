/// Walking over bytes that are known to be valid UTF-8, and making them so.
enum UTF8Text {
    /// The scalar that starts at `index`, and its width in bytes.
    ///
    /// - Precondition: `bytes` is valid UTF-8 and a scalar starts at `index`.
    @inline(__always)
    static func scalar(_ bytes: [UInt8], at index: Int) -> (value: UInt32, width: Int) {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (first, 1) }
        let second = UInt32(bytes[index + 1] & 0x3F)
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[index + 2] & 0x3F)
        if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
        return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
    }

    /// Where the scalar that ends before `index` starts.
    @inline(__always)
    static func start(before index: Int, in bytes: [UInt8]) -> Int {
        var start = index - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// Appends a scalar.
    @inline(__always)
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
            return
        }
        if scalar < 0x800 {
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
        } else {
            if scalar < 0x10000 {
                bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            } else {
                bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | (scalar >> 12 & 0x3F)))
            }
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | (scalar >> 6 & 0x3F)))
        }
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | (scalar & 0x3F)))
    }

    /// What `bytes` starts with at `index`: a whole scalar's width, or how much of it is the beginning of one.
    enum Sequence: Equatable {
        case whole(width: Int)
        /// The longest valid beginning of a scalar, `width` bytes; `cut` when the bytes end there, so that more could
        /// still complete it.
        case broken(width: Int, cut: Bool)
    }

    /// Examines the bytes at `index`, which need not be valid (Unicode standard, table 3-7).
    static func examine(_ bytes: [UInt8], at index: Int) -> Sequence {
        let first = bytes[index]
        let width: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0x00...0x7F: return .whole(width: 1)
        case 0xC2...0xDF: width = 2
        case 0xE0: (width, allowed) = (3, 0xA0...0xBF)
        case 0xED: (width, allowed) = (3, 0x80...0x9F)
        case 0xE1...0xEF: width = 3
        case 0xF0: (width, allowed) = (4, 0x90...0xBF)
        case 0xF4: (width, allowed) = (4, 0x80...0x8F)
        case 0xF1...0xF3: width = 4
        default: return .broken(width: 1, cut: false)
        }
        for offset in 1..<width {
            guard index + offset < bytes.count else { return .broken(width: offset, cut: true) }
            guard allowed.contains(bytes[index + offset]) else { return .broken(width: offset, cut: false) }
            allowed = 0x80...0xBF
        }
        return .whole(width: width)
    }

    /// How many bytes at the end of `bytes` are the beginning of a scalar that more bytes could complete: 0...3.
    static func unfinishedSuffix(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let index = bytes.count - length
            if bytes[index] & 0xC0 == 0x80 { continue }
            if case .broken(let width, cut: true) = examine(bytes, at: index), width == length { return length }
            return 0
        }
        return 0
    }

    /// The bytes with every ill-formed part replaced by U+FFFD, one for each longest valid beginning of a scalar, as
    /// Python's `errors="replace"` and Rust's `from_utf8_lossy` do.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            switch examine(bytes, at: index) {
            case .whole(let width): index += width
            case .broken(let width, _):
                result += bytes[copied..<index]
                result += [0xEF, 0xBF, 0xBD]
                index += width
                copied = index
            }
        }
        if copied == 0 { return bytes }
        result += bytes[copied...]
        return result
    }
}
