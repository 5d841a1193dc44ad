public import Foundation

/// What image files say about how they were made.
public enum ImageMetadata {
    /// The text with the generation parameters: a PNG's `parameters`, the UserComment of a JPEG or WebP (or of a PNG
    /// without that text). The pixels are not decoded.
    /// - Parameters:
    ///   - url: the file.
    ///   - limits: of the file's size.
    /// - Returns: nil if the image has none, or is of a format in which none is looked for.
    /// - Throws: `ImageError` with the file's name.
    public static func parametersText(
        contentsOf url: URL, limits: ImageLimits = .default
    ) throws(ImageError) -> String? {
        try text(BoundedFile.read(url, limits: limits), name: url.lastPathComponent)
    }

    /// The text with the generation parameters of an image in memory.
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what error messages call the image.
    /// - Throws: `ImageError`.
    public static func parametersText(of data: Data, name: String = "image") throws(ImageError) -> String? {
        try text([UInt8](data), name: name)
    }

    /// The generation parameters of a PNG, JPEG or WebP file.
    /// - Returns: nil if the image has no such text.
    /// - Throws: `ImageError` with the file's name, `GenerationParametersError` if the text is none of parameters.
    public static func parameters(
        contentsOf url: URL, limits: ImageLimits = .default
    ) throws -> GenerationParameters? {
        try parametersText(contentsOf: url, limits: limits).map { try GenerationParameters(parsing: $0) }
    }

    private static func text(_ bytes: [UInt8], name: String) throws(ImageError) -> String? {
        guard let format = ImageFormat(signature: bytes) else {
            if let found = ForeignFile.description(bytes) { throw .notAnImage(name: name, found: found) }
            throw .unknownFormat(name: name)
        }
        switch format {
        case .png:
            do throws(CodecError) {
                let texts = try SPNGText.read(bytes)
                if let found = texts.first(where: { $0.key == GenerationParameters.pngKey }) { return found.value }
                return try comment(exif(ofPNG: bytes))
            } catch {
                throw .corrupt(name: name, format: format, reason: error.reason)
            }
        case .jpeg: return comment(JPEGMarkers(bytes).exif.map { $0[...] })
        case .webp: return comment(WebPContainer(bytes).exif)
        case .gif, .bmp, .tiff, .avif, .heic: return nil
        }
    }

    private static func exif(ofPNG bytes: [UInt8]) throws(CodecError) -> ArraySlice<UInt8>? {
        var chunks = PNGChunks(bytes)
        while let chunk = try chunks.next() {
            if chunk.type == PNGChunks.type("eXIf") { return chunk.payload }
        }
        return nil
    }

    private static func comment(_ block: ArraySlice<UInt8>?) -> String? {
        guard let exif = block.map(EXIF.init), let isBigEndian = exif.isBigEndian, let comment = exif.userComment else {
            return nil
        }
        return UserComment.text(comment, isBigEndian: isBigEndian)
    }
}
