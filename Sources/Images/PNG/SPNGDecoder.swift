import CImageCodecs

/// Decodes PNG through libspng: row by row, interlaced files whole.
///
/// The decoder sees critical chunks and a palette's or a colour's transparency only: colour profiles, texts and other
/// places where a small file hides a large memory demand never reach it. The orientation is read here.
struct SPNGDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let orientation: Orientation
    let alpha: AlphaKind
    private let isInterlaced: Bool
    /// Signature and the chunks that matter, in pieces of the file.
    private let essence: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) throws(CodecError) {
        var chunks = PNGChunks(bytes)
        guard let first = try chunks.next(), first.type == PNGChunks.type("IHDR"), first.payload.count == 13 else {
            throw CodecError("it does not begin with a header chunk")
        }
        let header = ByteReader(bytes: first.payload)
        width = header.uint32(0) ?? 0
        height = header.uint32(4) ?? 0
        guard width > 0, height > 0 else { throw CodecError("a side of zero pixels") }
        let colourType = header.byte(9) ?? 0
        isInterlaced = header.byte(12) != 0
        var essence = [bytes.prefix(PNGChunks.signature.count), first.whole]
        var metadata = PNGMetadata()
        var paletteSize = 0
        var (sawPixels, sawTransparency) = (false, false)
        while let chunk = try chunks.next() {
            if chunk.isCritical {
                essence.append(chunk.whole)
                if chunk.type == PNGChunks.type("IDAT") { sawPixels = true }
                if chunk.type == PNGChunks.type("PLTE") { paletteSize = chunk.payload.count / 3 }
            } else if chunk.type == PNGChunks.type("tRNS"), !sawPixels, !sawTransparency,
                Self.isTransparency(chunk.payload.count, colourType, paletteSize: paletteSize)
            {
                essence.append(chunk.whole)
                sawTransparency = true
            } else {
                metadata.keep(chunk)
            }
        }
        self.essence = essence
        alpha = sawTransparency || colourType == 4 || colourType == 6 ? .straight : .none
        orientation = metadata.orientation
    }

    /// Whether a tRNS chunk of that length makes sense.
    private static func isTransparency(_ length: Int, _ colourType: Int, paletteSize: Int) -> Bool {
        switch colourType {
        case 0: length == 2
        case 2: length == 6
        case 3: length > 0 && length <= paletteSize
        default: false
        }
    }

    /// 8 bits: 16-bit samples lose their low byte, fewer bits are scaled up.
    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        guard let context = spng_ctx_new(0) else { throw CodecError("out of memory") }
        defer { spng_ctx_free(context) }
        let withAlpha = keepsAlpha && alpha != .none
        let rowBytes = width * (withAlpha ? 4 : 3)
        let format = Int32(truncatingIfNeeded: (withAlpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8).rawValue)
        let flags = Int32(truncatingIfNeeded: withAlpha ? SPNG_DECODE_TRNS.rawValue : 0)
        var reader = PieceReader(pieces: essence)
        let status = withUnsafeMutablePointer(to: &reader) { reader -> Int32 in
            let status = spng_set_png_stream(context, readPieces, reader)
            guard status == 0 else { return status }
            return isInterlaced
                ? Self.whole(context, format, flags, rowBytes: rowBytes, rows: height, row)
                : Self.rows(context, format, flags, rowBytes: rowBytes, rows: height, row)
        }
        guard status == 0 else { throw CodecError(SPNG.message(status)) }
    }

    private static func rows(
        _ context: OpaquePointer, _ format: Int32, _ flags: Int32, rowBytes: Int, rows: Int, _ row: (PixelRow) -> Void
    ) -> Int32 {
        let progressive = flags | Int32(truncatingIfNeeded: SPNG_DECODE_PROGRESSIVE.rawValue)
        var status = spng_decode_image(context, nil, 0, format, progressive)
        guard status == 0 else { return status }
        var samples = [UInt8](repeating: 0, count: rowBytes)
        for index in 0..<rows {
            status = samples.withUnsafeMutableBufferPointer { spng_decode_row(context, $0.baseAddress, $0.count) }
            // The last row is handed over with "end of image".
            let isLast = index == rows - 1 && status == Int32(truncatingIfNeeded: SPNG_EOI.rawValue)
            guard status == 0 || isLast else { return status }
            samples.withUnsafeBufferPointer(row)
        }
        return 0
    }

    private static func whole(
        _ context: OpaquePointer, _ format: Int32, _ flags: Int32, rowBytes: Int, rows: Int, _ row: (PixelRow) -> Void
    ) -> Int32 {
        var status: Int32 = 0
        let pixels = [UInt8](unsafeUninitializedCapacity: rowBytes * rows) { target, count in
            // Refuses a buffer of any size but its own idea of the image's, and fills all of it or fails.
            status = spng_decode_image(context, target.baseAddress, rowBytes * rows, format, flags)
            count = status == 0 ? rowBytes * rows : 0
        }
        if status == 0 { pixels.forEachRow(of: rowBytes, row) }
        return status
    }
}

/// Feeds libspng with pieces of the file, one behind the other.
private struct PieceReader {
    let pieces: [ArraySlice<UInt8>]
    var piece = 0
    var offset = 0

    /// Fills the buffer; false at the end.
    mutating func fill(_ target: UnsafeMutableRawBufferPointer) -> Bool {
        var done = 0
        while done < target.count {
            guard piece < pieces.count else { return false }
            let bytes = pieces[piece].dropFirst(offset).prefix(target.count - done)
            UnsafeMutableRawBufferPointer(rebasing: target[done...]).copyBytes(from: bytes)
            done += bytes.count
            offset += bytes.count
            if offset == pieces[piece].count { (piece, offset) = (piece + 1, 0) }
        }
        return true
    }
}

/// libspng's callback: exactly `length` bytes, or the end of the file.
private func readPieces(
    _ context: OpaquePointer?, _ user: UnsafeMutableRawPointer?, _ target: UnsafeMutableRawPointer?, _ length: Int
) -> Int32 {
    guard let user, let target else { return SPNG_IO_ERROR.rawValue }
    let reader = user.assumingMemoryBound(to: PieceReader.self)
    let isFilled = reader.pointee.fill(UnsafeMutableRawBufferPointer(start: target, count: length))
    return isFilled ? 0 : SPNG_IO_EOF.rawValue
}

/// What the PNG wrappers share.
enum SPNG {
    /// libspng's words for a status.
    static func message(_ status: Int32) -> String {
        guard let text = spng_strerror(status) else { return "libspng error \(status)" }
        return String(cString: text)
    }
}
