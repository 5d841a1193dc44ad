/// An EXIF block: a TIFF header and directories of tags. Only what is asked for is looked at, and every offset is
/// checked; a damaged block has no tags.
struct EXIF {
    /// Tags of interest.
    enum Tag {
        static let orientation = 0x0112
        static let exifDirectory = 0x8769
        static let userComment = 0x9286
    }

    /// A directory's entry.
    private struct Entry {
        let type: Int
        let count: Int
        /// The value's bytes.
        let bytes: ArraySlice<UInt8>
    }

    private let reader: ByteReader
    /// Whether numbers have their high byte first; nil if the block is none.
    let isBigEndian: Bool?

    /// - Parameter block: with or without leading `Exif\0\0`.
    init(_ block: ArraySlice<UInt8>) {
        var block = block
        while ByteReader(bytes: block).matches("Exif\0\0", at: 0) { block = block.dropFirst(6) }
        var reader = ByteReader(bytes: block)
        reader.bigEndian = reader.matches("MM", at: 0)
        // Some writers store the number 42 in the wrong byte order.
        let isTIFF = reader.bigEndian || reader.matches("II", at: 0)
        isBigEndian = isTIFF && [42, 42 << 8].contains(reader.uint16(2) ?? 0) ? reader.bigEndian : nil
        self.reader = reader
    }

    /// The orientation's number, 1 to 8, whatever integer type it is stored as; nil if it is absent or another number.
    var orientation: Int? {
        guard let entry = entry(Tag.orientation, in: mainDirectory), let value = integer(entry) else { return nil }
        return (1...8).contains(value) ? value : nil
    }

    /// The user's comment: eight bytes of encoding and the text.
    var userComment: ArraySlice<UInt8>? {
        guard let pointer = entry(Tag.exifDirectory, in: mainDirectory), let directory = integer(pointer) else {
            return nil
        }
        return entry(Tag.userComment, in: directory)?.bytes
    }

    private var mainDirectory: Int? { isBigEndian == nil ? nil : reader.uint32(4) }

    /// The last entry of that tag in the directory at that offset.
    private func entry(_ tag: Int, in directory: Int?) -> Entry? {
        guard let directory, let count = reader.uint16(directory) else { return nil }
        var found: Entry?
        for index in 0..<count {
            let offset = directory + 2 + 12 * index
            guard let stored = reader.uint16(offset) else { break }
            if stored == tag, let entry = entry(at: offset) { found = entry }
        }
        return found
    }

    private func entry(at offset: Int) -> Entry? {
        guard let type = reader.uint16(offset + 2), let count = reader.uint32(offset + 4),
            let size = Self.sizes[type], count > 0
        else { return nil }
        let length = size * count
        let place = length <= 4 ? offset + 8 : reader.uint32(offset + 8)
        guard let place, let bytes = reader.slice(place, length) else { return nil }
        return Entry(type: type, count: count, bytes: bytes)
    }

    /// Bytes of BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, IFD.
    private static let sizes = [1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 13: 4]

    /// The entry's first value, if it is a whole number that is not negative.
    private func integer(_ entry: Entry) -> Int? {
        var value = ByteReader(bytes: entry.bytes)
        value.bigEndian = reader.bigEndian
        switch entry.type {
        case 1, 7: return value.byte(0)
        case 6: return value.byte(0).flatMap { $0 < 0x80 ? $0 : nil }
        case 3: return value.uint16(0)
        case 8: return value.uint16(0).flatMap { $0 < 0x8000 ? $0 : nil }
        case 4, 13: return value.uint32(0)
        case 9: return value.uint32(0).flatMap { $0 < 0x8000_0000 ? $0 : nil }
        case 5, 10:
            guard let numerator = value.uint32(0), let denominator = value.uint32(4), denominator > 0,
                numerator < 0x8000_0000, denominator < 0x8000_0000, numerator % denominator == 0
            else { return nil }
            return numerator / denominator
        default: return nil
        }
    }
}
