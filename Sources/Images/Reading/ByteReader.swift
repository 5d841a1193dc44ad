/// Integers out of bytes that nobody vouches for: every read is bounds-checked and gives nil past the end.
struct ByteReader {
    let bytes: ArraySlice<UInt8>
    var bigEndian = true

    var count: Int { bytes.count }

    func byte(_ offset: Int) -> Int? {
        guard offset >= 0, offset < bytes.count else { return nil }
        return Int(bytes[bytes.startIndex + offset])
    }

    func uint16(_ offset: Int) -> Int? { unsigned(offset, size: 2) }
    func uint24(_ offset: Int) -> Int? { unsigned(offset, size: 3) }
    func uint32(_ offset: Int) -> Int? { unsigned(offset, size: 4) }

    /// `length` bytes from `offset`; nil if they are not all there.
    func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
        return bytes[bytes.startIndex + offset..<bytes.startIndex + offset + length]
    }

    /// Whether these ASCII characters stand at `offset`.
    func matches(_ text: StaticString, at offset: Int) -> Bool {
        guard let found = slice(offset, text.utf8CodeUnitCount) else { return false }
        return found.elementsEqual(text.description.utf8)
    }

    private func unsigned(_ offset: Int, size: Int) -> Int? {
        guard let found = slice(offset, size) else { return nil }
        if bigEndian {
            return found.reduce(0) { $0 << 8 | Int($1) }
        }
        return found.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
