/// Walks over the chunks of a PNG file and writes new ones.
struct PNGChunks {
    /// The eight bytes that every PNG begins with.
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// One chunk, by its place in the file.
    struct Chunk {
        /// Four ASCII letters as a big-endian number.
        let type: UInt32
        /// Length, type, payload and checksum.
        let whole: ArraySlice<UInt8>
        /// What the chunk holds.
        var payload: ArraySlice<UInt8> { whole.dropFirst(8).dropLast(4) }
        /// Whether a decoder cannot do without it: the first letter is a capital.
        var isCritical: Bool { type & 0x2000_0000 == 0 }
    }

    private let reader: ByteReader
    private var offset = signature.count
    private var ended = false

    /// Begins behind the signature, which the caller has seen.
    init(_ bytes: [UInt8]) {
        reader = ByteReader(bytes: bytes[...])
    }

    /// The next chunk; nil behind IEND or at the end of the file.
    mutating func next() throws(CodecError) -> Chunk? {
        guard !ended, offset < reader.count else { return nil }
        guard let length = reader.uint32(offset), let type = reader.uint32(offset + 4),
            let whole = reader.slice(offset, length + 12)
        else { throw CodecError("the file ends early") }
        offset += length + 12
        ended = type == Int(Self.type("IEND"))
        return Chunk(type: UInt32(type), whole: whole)
    }

    /// A chunk type as a number; 0 for anything but four letters.
    static func type(_ name: StaticString) -> UInt32 {
        let letters = Array(name.description.utf8)
        return letters.count == 4 ? letters.reduce(0) { $0 << 8 | UInt32($1) } : 0
    }

    /// A chunk's bytes, checksum included.
    /// - Parameter payload: less than 2^31 bytes.
    static func chunk(_ type: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let body = bigEndian(type) + payload
        return bigEndian(UInt32(truncatingIfNeeded: payload.count)) + body + bigEndian(checksum(body))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// CRC-32 (polynomial 0x04C11DB7, reflected), as PNG prescribes.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { remainder, _ in
            remainder & 1 == 1 ? 0xEDB8_8320 ^ (remainder >> 1) : remainder >> 1
        }
    }
}
