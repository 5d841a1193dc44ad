/// The formats this library reads and writes.
public enum ImageFormat: String, Sendable, CaseIterable {
    /// Portable Network Graphics, through libspng.
    case png = "PNG"
    /// JPEG, through TurboJPEG.
    case jpeg = "JPEG"
    /// WebP, through libwebp.
    case webp = "WebP"

    /// The format whose signature these bytes begin with; nil for any other bytes. A file's name plays no part.
    public init?(signature bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(12))
        if head.starts(with: PNGChunks.signature) {
            self = .png
        } else if head.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if head.count == 12, head.starts(with: Array("RIFF".utf8)), head[8...] == Array("WEBP".utf8)[...] {
            self = .webp
        } else {
            return nil
        }
    }

    /// The media type, such as `image/png`.
    public var mediaType: String {
        "image/" + rawValue.lowercased()
    }
}
