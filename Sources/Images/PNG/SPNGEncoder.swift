import CImageCodecs

/// Encodes PNG through libspng.
enum SPNGEncoder {
    /// zlib's level. On drawn 432 x 432 images level 5 takes half of level 6's time for files 1 % larger.
    static let compressionLevel: Int32 = 5

    /// An 8-bit truecolour PNG without any ancillary chunk.
    static func encode(_ image: RGBImage) throws(CodecError) -> [UInt8] {
        guard let context = spng_ctx_new(Int32(truncatingIfNeeded: SPNG_CTX_ENCODER.rawValue)) else {
            throw CodecError("out of memory")
        }
        defer { spng_ctx_free(context) }
        guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height) else {
            throw CodecError("the image is too large")
        }
        var header = spng_ihdr(
            width: width, height: height, bit_depth: 8, color_type: UInt8(SPNG_COLOR_TYPE_TRUECOLOR.rawValue),
            compression_method: 0, filter_method: 0, interlace_method: UInt8(SPNG_INTERLACE_NONE.rawValue))
        try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
        try check(spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, compressionLevel))
        try check(spng_set_ihdr(context, &header))
        let format = Int32(truncatingIfNeeded: SPNG_FMT_PNG.rawValue)
        let flags = Int32(truncatingIfNeeded: SPNG_ENCODE_FINALIZE.rawValue)
        try check(
            image.pixels.withUnsafeBufferPointer {
                spng_encode_image(context, $0.baseAddress, $0.count, format, flags)
            })
        var count = 0
        var status: Int32 = 0
        guard let buffer = spng_get_png_buffer(context, &count, &status) else { throw CodecError(SPNG.message(status)) }
        defer { free(buffer) }
        return [UInt8](UnsafeRawBufferPointer(start: buffer, count: count))
    }

    private static func check(_ status: Int32) throws(CodecError) {
        guard status == 0 else { throw CodecError(SPNG.message(status)) }
    }
}
