import CImageCodecs

/// Decodes PNG through libspng.
///
/// The decoder sees critical chunks only: colour profiles, texts and other places where a small file hides a large
/// memory demand never reach it. EXIF's orientation is read here.
struct SPNGDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let orientation: Orientation
    /// Signature and critical chunks.
    private let essence: [UInt8]

    init(_ bytes: [UInt8]) throws(CodecError) {
        var chunks = PNGChunks(bytes)
        guard let first = try chunks.next(), first.type == PNGChunks.type("IHDR"), first.payload.count == 13 else {
            throw CodecError("it does not begin with a header chunk")
        }
        let header = ByteReader(bytes: first.payload)
        width = header.uint32(0) ?? 0
        height = header.uint32(4) ?? 0
        guard width > 0, height > 0 else { throw CodecError("a side of zero pixels") }
        var essence = PNGChunks.signature + first.whole
        essence.reserveCapacity(bytes.count)
        var orientation = Orientation.upright
        while let chunk = try chunks.next() {
            if chunk.isCritical {
                essence += chunk.whole
            } else if chunk.type == PNGChunks.type("eXIf") {
                orientation = Orientation(exif: chunk.payload)
            }
        }
        self.essence = essence
        self.orientation = orientation
    }

    /// 8-bit RGB: 16-bit samples lose their low byte, fewer bits are scaled up, alpha is dropped.
    func decode() throws(CodecError) -> [UInt8] {
        guard let context = spng_ctx_new(0) else { throw CodecError("out of memory") }
        defer { spng_ctx_free(context) }
        let size = width * height * 3
        let format = Int32(truncatingIfNeeded: SPNG_FMT_RGB8.rawValue)
        var status: Int32 = 0
        let pixels = essence.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: size) { target, count in
                status = spng_set_png_buffer(context, source.baseAddress, source.count)
                if status == 0 {
                    // Refuses a buffer of any size but its own idea of the image's, and fills all of it or fails.
                    status = spng_decode_image(context, target.baseAddress, size, format, 0)
                }
                count = status == 0 ? size : 0
            }
        }
        guard status == 0 else { throw CodecError(SPNG.message(status)) }
        return pixels
    }
}

/// What the PNG wrappers share.
enum SPNG {
    /// libspng's words for a status.
    static func message(_ status: Int32) -> String {
        guard let text = spng_strerror(status) else { return "libspng error \(status)" }
        return String(cString: text)
    }
}
