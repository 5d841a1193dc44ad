/// The formats this library reads; `ImageFileFormat` names those it writes.
public enum ImageFormat: String, Sendable, CaseIterable {
    /// Portable Network Graphics, through libspng.
    case png = "PNG"
    /// JPEG, through libjpeg-turbo.
    case jpeg = "JPEG"
    /// WebP, through libwebp.
    case webp = "WebP"
    /// Graphics Interchange Format, through giflib.
    case gif = "GIF"
    /// Windows bitmaps.
    case bmp = "BMP"
    /// Tagged Image File Format, through libtiff.
    case tiff = "TIFF"
    /// AV1 image file format, through libheif.
    case avif = "AVIF"
    /// High Efficiency Image File Format with HEVC pictures, through libheif.
    case heic = "HEIC"

    /// How many first bytes `init(signature:)` looks at.
    static let signatureLength = 64

    /// The format whose signature these bytes begin with; nil for any other bytes. A file's name plays no part.
    public init?(signature bytes: some Collection<UInt8>) {
        let head = ByteReader(bytes: Array(bytes.prefix(Self.signatureLength))[...])
        if head.bytes.starts(with: PNGChunks.signature) {
            self = .png
        } else if head.bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if head.matches("RIFF", at: 0), head.matches("WEBP", at: 8) {
            self = .webp
        } else if head.matches("GIF87a", at: 0) || head.matches("GIF89a", at: 0) {
            self = .gif
        } else if head.matches("BM", at: 0), BMPHeader.isKnownLength(head) {
            self = .bmp
        } else if ["II*\0", "MM\0*", "II+\0", "MM\0+"].contains(where: { head.matches($0, at: 0) }) {
            self = .tiff
        } else if let brand = Self.heifBrand(head) {
            self = brand
        } else {
            return nil
        }
    }

    /// AVIF or HEIC by the brands of an ISO media file; nil for films and for anything else.
    private static func heifBrand(_ head: ByteReader) -> ImageFormat? {
        guard head.matches("ftyp", at: 4), let length = head.uint32(0), length >= 16 else { return nil }
        let offsets = [8] + stride(from: 16, to: min(length, head.count) - 3, by: 4)
        func has(_ brands: [StaticString]) -> Bool {
            offsets.contains { offset in brands.contains { head.matches($0, at: offset) } }
        }
        if has(["avif", "avis"]) { return .avif }
        if has(["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]) { return .heic }
        return nil
    }

    /// The media type, such as `image/png`.
    public var mediaType: String {
        "image/" + rawValue.lowercased()
    }
}
