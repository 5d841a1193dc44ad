/// How much an image may ask for. Checked against the header before any memory for pixels is taken.
///
/// Besides the result (3 bytes a pixel of an image read whole, next to nothing of one that is fitted while it is read),
/// decoding takes
/// - rows only: PNG (but interlaced), baseline JPEG, TIFF in strips or tiles, BMP (but run-length encoded);
/// - 2 to 8 bytes a pixel: progressive JPEG (its coefficients: 3 at the usual 4:2:0);
/// - 3 to 4 bytes a pixel: interlaced PNG, WebP; 1: GIF, run-length encoded BMP; about 7: AVIF and HEIC.
///
/// The size in an AVIF's or HEIC's header is that of its container; libheif decodes the picture inside before it can be
/// compared with it, and a file that lies about it is refused only then. A server that decodes strangers' images may want
/// limits far below the default, and not those two formats (`ImageReadingOptions.formats`).
public struct ImageLimits: Sendable, Equatable {
    /// The longest side, in pixels.
    public var maxSide: Int
    /// Width times height.
    public var maxPixels: Int
    /// The encoded file, in bytes.
    public var maxFileBytes: Int

    /// 100,000 on a side, 200 megapixels, 1 GiB of file.
    public static let `default` = ImageLimits(maxSide: 100_000, maxPixels: 200_000_000, maxFileBytes: 1 << 30)

    /// Limits of one's own. Above 2^28 pixels some formats refuse by themselves.
    public init(maxSide: Int, maxPixels: Int, maxFileBytes: Int) {
        self.maxSide = maxSide
        self.maxPixels = maxPixels
        self.maxFileBytes = maxFileBytes
    }

    /// Whether an image of this size may be made; false for sizes that are not positive, never overflows.
    func allows(width: Int, height: Int) -> Bool {
        guard width > 0, height > 0, width <= maxSide, height <= maxSide else { return false }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        // Four bytes a pixel must be addressable too, whatever the limits say.
        return !overflow && pixels <= maxPixels && pixels <= Int.max / 8
    }
}
