/// What becomes of transparency.
public enum AlphaHandling: String, Sendable, CaseIterable, Codable {
    /// The picture is laid on white, as a viewer shows it.
    case flatten
    /// Opacity is ignored and the colours beneath appear, hidden ones too: Pillow's `convert("RGB")`, and so the
    /// official Show-o2 code.
    case drop
}

/// How images are read.
public struct ImageReadingOptions: Sendable, Equatable {
    /// Checked against the file's size and the image's header before memory for either is taken.
    public var limits: ImageLimits
    /// What becomes of transparency.
    public var alpha: AlphaHandling
    /// Whether to turn the image as its metadata say; false reads as the official code. TIFF, AVIF and HEIC are always
    /// turned, as by Pillow.
    public var appliesOrientation: Bool
    /// Where an image is fitted while it is read: the most pixels that are decoded in full. Larger JPEG and WebP images
    /// are decoded at a half, quarter or eighth of their sides, at least twice the size that is needed; results then
    /// differ from a full decoding by a few levels. `Int.max` never reduces.
    public var maxExactPixels: Int

    /// The formats that are taken; others are refused by name. A server may want to leave out AVIF and HEIC (see
    /// `ImageLimits`).
    public var formats: Set<ImageFormat>

    /// The default of `maxExactPixels`, 2^26.
    public static let defaultMaxExactPixels = 1 << 26

    /// Options; the default flattens transparency and turns.
    public init(
        limits: ImageLimits = .default, alpha: AlphaHandling = .flatten, appliesOrientation: Bool = true,
        maxExactPixels: Int = ImageReadingOptions.defaultMaxExactPixels,
        formats: Set<ImageFormat> = Set(ImageFormat.allCases)
    ) {
        self.limits = limits
        self.alpha = alpha
        self.appliesOrientation = appliesOrientation
        self.maxExactPixels = maxExactPixels
        self.formats = formats
    }
}

/// What a reader found out about a file beside its pixels.
public struct ImageReport: Sendable, Equatable {
    /// The file's format.
    public let format: ImageFormat
    /// Columns of the whole upright picture.
    public let width: Int
    /// Rows of the whole upright picture.
    public let height: Int
    /// Whether transparent pixels, in part or in full, were laid on white. False with `AlphaHandling.drop`.
    public let flattenedTransparency: Bool
    /// Whether the picture was turned or mirrored as its metadata say.
    public let isTurned: Bool
    /// The picture was decoded at this fraction of its sides: 1, 2, 4 or 8.
    public let reduction: Int

    /// A report.
    public init(
        format: ImageFormat, width: Int, height: Int, flattenedTransparency: Bool, isTurned: Bool, reduction: Int
    ) {
        self.format = format
        (self.width, self.height) = (width, height)
        self.flattenedTransparency = flattenedTransparency
        self.isTurned = isTurned
        self.reduction = reduction
    }
}
