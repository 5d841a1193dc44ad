/// What stands in front of a Windows bitmap's pixels: OS/2 1 and 2, and Windows versions 3 to 5.
struct BMPHeader {
    /// How pixels are packed.
    enum Compression: Int {
        case none = 0
        case runs8 = 1
        case runs4 = 2
        case fields = 3
        case fieldsWithAlpha = 6
    }

    /// Which bits of a pixel are a channel.
    struct Mask {
        let shift: Int
        /// The largest value; 0 for a channel that is not there.
        let largest: Int

        init?(_ mask: Int) {
            shift = mask == 0 ? 0 : mask.trailingZeroBitCount
            largest = mask >> shift
            guard largest & (largest + 1) == 0 else { return nil }
        }

        /// The channel of a pixel at 8 bits, the fraction cut off as in Pillow.
        @inline(__always)
        func level(_ pixel: Int) -> UInt8 {
            largest == 0 ? 0 : UInt8(truncatingIfNeeded: (pixel >> shift & largest) * 255 / largest)
        }
    }

    let width: Int
    let height: Int
    let isTopDown: Bool
    let bits: Int
    let compression: Compression
    /// Red, green, blue, alpha, for 16 and 32 bits.
    let masks: [Mask]
    /// Red, green, blue of each colour, black where the file has fewer than 2^bits.
    let palette: [(UInt8, UInt8, UInt8)]
    /// Where the pixels begin.
    let offset: Int

    /// Whether the header has a length that some version of the format has.
    static func isKnownLength(_ file: ByteReader) -> Bool {
        var file = file
        file.bigEndian = false
        return [12, 40, 52, 56, 64, 108, 124].contains(file.uint32(14) ?? 0)
    }

    init(_ file: ByteReader) throws(CodecError) {
        var file = file
        file.bigEndian = false
        guard let offset = file.uint32(10), let length = file.uint32(14), file.slice(14, length) != nil else {
            throw CodecError("the file ends early")
        }
        self.offset = offset
        let isShort = length == 12
        let columns = isShort ? file.uint16(18) : file.uint32(18)
        let rows = isShort ? file.uint16(20) : file.uint32(22)
        guard let columns, let rows, let bits = file.uint16(isShort ? 24 : 28) else {
            throw CodecError("the file ends early")
        }
        // Both are signed; a negative height means that the top row comes first.
        isTopDown = !isShort && rows >= 1 << 31
        width = columns
        height = isTopDown ? 1 << 32 - rows : rows
        guard (1..<1 << 31).contains(width), (1..<1 << 31).contains(height) else {
            throw CodecError("a side of zero or fewer pixels")
        }
        self.bits = bits
        guard let compression = Compression(rawValue: isShort ? 0 : file.uint32(30) ?? 0) else {
            throw CodecError("its pixels are packed in a way that is not read here")
        }
        self.compression = compression
        let isPossible =
            switch compression {
            case .none: [1, 4, 8, 16, 24, 32].contains(bits)
            case .runs8: bits == 8
            case .runs4: bits == 4
            case .fields, .fieldsWithAlpha: bits == 16 || bits == 32
            }
        guard isPossible else { throw CodecError("\(bits) bits a pixel make no sense with its compression") }
        masks = try Self.masks(file, compression, bits: bits, length: length)
        // Masks behind a short header take the palette's place.
        let trailing =
            length == 40 && compression == .fields ? 12 : length == 40 && compression == .fieldsWithAlpha ? 16 : 0
        palette =
            bits > 8
            ? [] : try Self.palette(file, at: 14 + length + trailing, isShort: isShort, bits: bits, offset: offset)
    }

    private static func masks(
        _ file: ByteReader, _ compression: Compression, bits: Int, length: Int
    ) throws(CodecError) -> [Mask] {
        var values = bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF0000, 0xFF00, 0xFF, 0]
        if compression == .fields || compression == .fieldsWithAlpha {
            // In the header from version 4 on, else right behind it, which is the same place.
            let hasAlpha = compression == .fieldsWithAlpha || length >= 56 && length != 64
            values = []
            for index in 0..<4 {
                guard index < 3 || hasAlpha else {
                    values.append(0)
                    continue
                }
                guard let value = file.uint32(54 + 4 * index) else { throw CodecError("the file ends early") }
                values.append(value)
            }
            guard values.allSatisfy({ $0 < 1 << bits }) else { throw CodecError("its colour masks make no sense") }
        }
        var masks: [Mask] = []
        for value in values {
            guard let mask = Mask(value) else { throw CodecError("its colour masks make no sense") }
            masks.append(mask)
        }
        return masks
    }

    private static func palette(
        _ file: ByteReader, at start: Int, isShort: Bool, bits: Int, offset: Int
    ) throws(CodecError) -> [(UInt8, UInt8, UInt8)] {
        let most = 1 << bits
        let entrySize = isShort ? 3 : 4
        var count = isShort ? 0 : file.uint32(46) ?? 0
        if count == 0 || count > most { count = most }
        // A palette that is cut short by the pixels is one of fewer colours.
        count = min(count, max(offset - start, 0) / entrySize)
        var palette = [(UInt8, UInt8, UInt8)](repeating: (0, 0, 0), count: most)
        for index in 0..<count {
            guard let entry = file.slice(start + index * entrySize, 3) else { throw CodecError("the file ends early") }
            let first = entry.startIndex
            palette[index] = (entry[first + 2], entry[first + 1], entry[first])
        }
        return palette
    }
}
