/// EXIF's UserComment, where JPEG and WebP files keep the text that a PNG keeps under `parameters`: the word UNICODE and
/// UTF-16 with the high byte first, as piexif writes it and stable-diffusion-webui reads it.
enum UserComment {
    private static let unicode = Array("UNICODE\0".utf8)
    /// A JPEG segment's length, 16 bits, counts itself.
    private static let maxSegmentBytes = 65_535 - 2

    /// An EXIF block, without `Exif\0\0`, that holds nothing but the comment.
    static func block(_ text: String) -> [UInt8] {
        let comment = unicode + text.utf16.flatMap { bigEndian16(Int($0)) }
        // A header of 8 bytes, two directories of one entry (18 bytes each), the comment.
        var block = Array("MM\0*".utf8) + bigEndian32(8)
        block += bigEndian16(1) + bigEndian16(EXIF.Tag.exifDirectory) + bigEndian16(4) + bigEndian32(1)
        block += bigEndian32(26) + bigEndian32(0)
        block += bigEndian16(1) + bigEndian16(EXIF.Tag.userComment) + bigEndian16(7) + bigEndian32(comment.count)
        block += bigEndian32(44) + bigEndian32(0)
        return block + comment
    }

    /// The JPEG with the comment behind its first segment.
    /// - Throws: `ImageError.invalidText` if it does not fit into one segment.
    static func inserted(_ text: String, intoJPEG jpeg: [UInt8]) throws(ImageError) -> [UInt8] {
        let payload = Array("Exif\0\0".utf8) + block(text)
        guard payload.count <= maxSegmentBytes else {
            let most = (maxSegmentBytes - 6 - 44 - unicode.count) / 2
            throw .invalidText(
                key: GenerationParameters.pngKey,
                reason: "it has \(text.utf16.count) characters, a JPEG holds \(most); write a PNG or WebP file")
        }
        // Behind the JFIF segment, which readers of old want first.
        let reader = ByteReader(bytes: jpeg[...])
        let place = reader.uint16(2) == 0xFFE0 ? 4 + (reader.uint16(4) ?? 0) : 2
        guard place <= jpeg.count else {
            throw .notEncoded(format: .jpeg, reason: "the encoder's first segment makes no sense")
        }
        return jpeg[..<place] + [0xFF, 0xE1] + bigEndian16(payload.count + 2) + payload + jpeg[place...]
    }

    /// The WebP, whose only chunk is the picture, in the extended format with the comment behind.
    static func inserted(
        _ text: String, intoWebP webp: [UInt8], width: Int, height: Int
    ) throws(ImageError) -> [UInt8] {
        guard text.utf8.count <= PNGText.maxValueBytes else {
            throw .invalidText(
                key: GenerationParameters.pngKey, reason: "it is longer than \(PNGText.maxValueBytes) bytes")
        }
        let exif = block(text)
        // Bit 3: there is an EXIF chunk. The canvas size is stored less one.
        let extended = [0x08, 0, 0, 0] + littleEndian(width - 1, 3) + littleEndian(height - 1, 3)
        let chunks = chunk("VP8X", extended) + webp.dropFirst(12) + chunk("EXIF", exif)
        return Array("RIFF".utf8) + littleEndian(chunks.count + 4, 4) + Array("WEBP".utf8) + chunks
    }

    /// The text of a comment; nil for encodings that are not Unicode, ASCII or unnamed.
    /// - Parameter isBigEndian: the EXIF block's byte order, of which UTF-16 is often independent.
    static func text(_ comment: ArraySlice<UInt8>, isBigEndian: Bool) -> String? {
        let name = comment.prefix(8)
        let body = comment.dropFirst(8)
        if name.elementsEqual(unicode) { return utf16(body, isBigEndian: isBigEndian) }
        guard name.elementsEqual(Array("ASCII\0\0\0".utf8)) || name.allSatisfy({ $0 == 0 }) else { return nil }
        return String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// UTF-16 in the order of its mark, else in the one in which more characters are below 256, else the block's.
    private static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> String {
        func units(_ isBig: Bool) -> [UInt16] {
            var reader = ByteReader(bytes: bytes)
            reader.bigEndian = isBig
            return stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(reader.uint16($0) ?? 0) }
        }
        let big = units(true)
        let first = big.first ?? 0
        if first == 0xFEFF { return String(decoding: big.dropFirst(), as: UTF16.self) }
        if first == 0xFFFE { return String(decoding: units(false).dropFirst(), as: UTF16.self) }
        let (high, low) = (big.count { $0 < 256 }, big.count { $0 & 0xFF == 0 })
        let isBig = high == low ? isBigEndian : high > low
        return String(decoding: isBig ? big : units(false), as: UTF16.self)
    }

    private static func chunk(_ name: StaticString, _ payload: [UInt8]) -> [UInt8] {
        Array(name.description.utf8) + littleEndian(payload.count, 4) + payload
            + [UInt8](repeating: 0, count: payload.count % 2)
    }

    private static func bigEndian16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    private static func bigEndian32(_ value: Int) -> [UInt8] { bigEndian16(value >> 16) + bigEndian16(value) }

    private static func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
