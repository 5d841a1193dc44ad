/// Fits a picture into a size while its rows arrive, as `RGBImage.fitted` does the whole picture, bit for bit: only as many of its rows are
/// kept as the kernel is tall, so the memory that it takes does not depend on the picture's height.
public struct FittedRows: Sendable {
    /// Where the picture's parts go.
    public let fitting: ImageFitting
    /// The picture's columns.
    public let sourceWidth: Int
    /// The picture's rows.
    public let sourceHeight: Int
    private var resampler: RowResampler
    private var arrived = 0

    /// - Parameters:
    ///   - fit: how a picture of another shape is fitted.
    ///   - picture: the picture's columns and rows.
    ///   - size: the result's columns and rows.
    ///   - filter: of resizing.
    ///   - limits: of sizes.
    /// - Throws: `ImageError.invalidSize` if a size is not positive or beyond `limits`.
    public init(
        _ fit: ImageFit, of picture: (width: Int, height: Int), into size: (width: Int, height: Int),
        filter: ResampleFilter = .bicubic, limits: ImageLimits = .default
    ) throws(ImageError) {
        try RGBImage.check(width: picture.width, height: picture.height, limits: limits)
        fitting = try ImageFitting(fit, of: picture, into: size, limits: limits)
        (sourceWidth, sourceHeight) = picture
        let plans = fitting.plans(width: picture.width, height: picture.height, filter: filter)
        resampler = RowResampler(
            width: picture.width, height: picture.height, orientation: .upright, horizontal: plans.horizontal,
            vertical: plans.vertical)
    }

    /// Takes the next row.
    /// - Parameter row: `[sourceWidth, 3]`.
    /// - Throws: `ImageError.invalidSize` for a row of another length, or one too many.
    public mutating func push(_ row: [UInt8]) throws(ImageError) {
        guard row.count == 3 * sourceWidth, arrived < sourceHeight else {
            throw .invalidSize(
                width: sourceWidth, height: sourceHeight, reason: "\(row.count) samples are not its next row")
        }
        arrived += 1
        row.forEachRow(of: row.count) { resampler.push($0) }
    }

    /// The result; nil before the last row is there.
    public var image: RGBImage? { arrived == sourceHeight ? fitting.placed(resampler.canvas.pixels) : nil }
}
