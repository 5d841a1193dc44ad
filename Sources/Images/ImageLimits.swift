/// How much an image may ask for. Checked against the header before any memory for pixels is taken.
///
/// Besides 3 bytes a pixel for the result, a progressive JPEG makes the decoder hold up to 6 bytes a pixel, and a CMYK
/// JPEG 4. A server that decodes strangers' images may want limits far below the default.
public struct ImageLimits: Sendable, Equatable {
    /// The longest side, in pixels.
    public var maxSide: Int
    /// Width times height.
    public var maxPixels: Int
    /// The encoded file, in bytes.
    public var maxFileBytes: Int

    /// 16,384 on a side, 64 megapixels (2^26), 256 MiB of file.
    public static let `default` = ImageLimits(maxSide: 16_384, maxPixels: 1 << 26, maxFileBytes: 256 << 20)

    /// Limits of one's own.
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
