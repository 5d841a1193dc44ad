import CImageCodecs

/// Decodes the primary image of AVIF and HEIC files through libheif.
///
/// The library turns and mirrors the image as the file says; an orientation in its EXIF block repeats that and is
/// ignored, as the format prescribes.
struct HEIFDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let alpha: AlphaKind
    private let bytes: [UInt8]
    private let maxSide: Int

    var orientation: Orientation { .upright }

    /// - Parameter limits: no picture inside the file may have a longer side, whatever its header says.
    init(_ bytes: [UInt8], limits: ImageLimits) throws(CodecError) {
        self.bytes = bytes
        maxSide = min(limits.maxSide, limits.maxPixels)
        (width, height, alpha) = try Self.open(bytes, maxSide: maxSide) { handle throws(CodecError) in
            let (width, height) = (heif_image_handle_get_width(handle), heif_image_handle_get_height(handle))
            guard width > 0, height > 0 else { throw CodecError("a side of zero pixels") }
            let hasAlpha = heif_image_handle_has_alpha_channel(handle) != 0
            let isPremultiplied = heif_image_handle_is_premultiplied_alpha(handle) != 0
            return (Int(width), Int(height), !hasAlpha ? .none : isPremultiplied ? .premultiplied : .straight)
        }
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        try Self.open(bytes, maxSide: maxSide) { handle throws(CodecError) in
            guard let options = heif_decoding_options_alloc() else { throw CodecError("out of memory") }
            defer { heif_decoding_options_free(options) }
            options.pointee.convert_hdr_to_8bit = 1
            options.pointee.strict_decoding = 1
            var image: OpaquePointer?
            let chroma = alpha == .none ? heif_chroma_interleaved_RGB : heif_chroma_interleaved_RGBA
            try Self.check(heif_decode_image(handle, &image, heif_colorspace_RGB, chroma, options))
            guard let image else { throw CodecError("out of memory") }
            defer { heif_image_release(image) }
            try rows(of: image, keepsAlpha: keepsAlpha, row)
        }
    }

    private func rows(of image: OpaquePointer, keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        let channel = heif_channel_interleaved
        let channels = alpha == .none ? 3 : 4
        var stride: Int32 = 0
        guard Int(heif_image_get_width(image, channel)) == width, Int(heif_image_get_height(image, channel)) == height,
            heif_image_get_bits_per_pixel_range(image, channel) == 8,
            let plane = heif_image_get_plane_readonly(image, channel, &stride), Int(stride) >= width * channels
        else { throw CodecError("its picture has another size than its header says") }
        var opaque = [UInt8](repeating: 0, count: keepsAlpha || channels == 3 ? 0 : width * 3)
        for index in 0..<height {
            let line = PixelRow(start: plane + index * Int(stride), count: width * channels)
            if opaque.isEmpty {
                row(line)
                continue
            }
            for pixel in 0..<width {
                for sample in 0..<3 {
                    let value = line[4 * pixel + sample]
                    opaque[3 * pixel + sample] =
                        alpha == .premultiplied ? Unpremultiplying.colour(value, line[4 * pixel + 3]) : value
                }
            }
            opaque.withUnsafeBufferPointer(row)
        }
    }

    /// Lets `body` use the primary image's handle.
    private static func open<Result>(
        _ bytes: [UInt8], maxSide: Int, _ body: (OpaquePointer) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        let outcome = bytes.withUnsafeBufferPointer { source -> Swift.Result<Result, CodecError> in
            do throws(CodecError) {
                guard let context = heif_context_alloc() else { throw CodecError("out of memory") }
                defer { heif_context_free(context) }
                heif_context_set_maximum_image_size_limit(context, Int32(clamping: maxSide))
                try check(heif_context_read_from_memory_without_copy(context, source.baseAddress, source.count, nil))
                var handle: OpaquePointer?
                try check(heif_context_get_primary_image_handle(context, &handle))
                guard let handle else { throw CodecError("it has no picture") }
                defer { heif_image_handle_release(handle) }
                return .success(try body(handle))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func check(_ error: heif_error) throws(CodecError) {
        guard error.code != heif_error_Ok else { return }
        guard let message = error.message else { throw CodecError("its pixels are damaged") }
        throw CodecError(String(cString: message))
    }
}
