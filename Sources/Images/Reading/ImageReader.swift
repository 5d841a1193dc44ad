public import Foundation

/// Reads pictures: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF and HEIC, told by their bytes, not their names.
///
/// ```swift
/// let reader = ImageReader()
/// let fitted = try reader.read(contentsOf: url, fit: .crop, width: 432, height: 432)
/// if fitted.report.flattenedTransparency { print("transparency is laid on white") }
/// ```
///
/// Samples become 8-bit RGB as Pillow's `Image.open(path).convert("RGB")` makes them, but for transparency
/// (`ImageReadingOptions.alpha`), orientation (`appliesOrientation`) and 16-bit grey, which keeps its high byte where
/// Pillow clips at 255 (nearly all white). CMYK is taken as Adobe's inverted one in JPEG; colour profiles and gamma are
/// ignored; of animations and files of several pages the first picture is read. No bytes can make a reader crash or take
/// more memory than the limits say (`ImageLimits`).
public struct ImageReader: Sendable {
    /// How images are read.
    public var options: ImageReadingOptions

    /// A picture at its own size.
    public struct Picture: Sendable {
        /// The upright picture.
        public let image: RGBImage
        /// What else was found out.
        public let report: ImageReport
    }

    /// A picture at a given size.
    public struct FittedPicture: Sendable {
        /// The upright picture in the size asked for.
        public let image: RGBImage
        /// Where its parts went: what was cut away, and where black bars are.
        public let fitting: ImageFitting
        /// What else was found out.
        public let report: ImageReport
    }

    /// A reader.
    public init(_ options: ImageReadingOptions = .init()) {
        self.options = options
    }

    /// Reads a file at its own size: 3 bytes a pixel, plus what its decoder needs.
    /// - Throws: `ImageError`, with the file's name.
    public func read(contentsOf url: URL) throws(ImageError) -> Picture {
        try picture(BoundedFile.read(url, limits: options.limits), name: url.lastPathComponent)
    }

    /// Decodes an image in memory at its own size.
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what error messages call the image.
    /// - Throws: `ImageError`.
    public func read(data: Data, name: String = "image") throws(ImageError) -> Picture {
        try picture(bytes(data, name), name: name)
    }

    /// Reads a file and fits it into a size while it is decoded. The result is that of `RGBImage.fitted` on the whole
    /// image, to the last bit, unless the image is reduced (`ImageReadingOptions.maxExactPixels`); of the whole image
    /// only a few rows are held where the decoder delivers rows (`ImageLimits` says which ones do).
    /// - Throws: `ImageError`, with the file's name.
    public func read(
        contentsOf url: URL, fit: ImageFit, width: Int, height: Int, filter: ResampleFilter = .bicubic
    ) throws(ImageError) -> FittedPicture {
        try fitted(
            BoundedFile.read(url, limits: options.limits), name: url.lastPathComponent, fit, (width, height), filter)
    }

    /// Decodes an image in memory and fits it into a size on the way, as `read(contentsOf:fit:width:height:)` does.
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what error messages call the image.
    ///   - fit: how a picture of another shape is fitted.
    ///   - width: columns.
    ///   - height: rows.
    ///   - filter: of resizing.
    /// - Throws: `ImageError`.
    public func read(
        data: Data, name: String = "image", fit: ImageFit, width: Int, height: Int, filter: ResampleFilter = .bicubic
    ) throws(ImageError) -> FittedPicture {
        try fitted(bytes(data, name), name: name, fit, (width, height), filter)
    }

    /// The size comes first: no copy is made of what is refused anyway.
    private func bytes(_ data: Data, _ name: String) throws(ImageError) -> [UInt8] {
        guard data.count <= options.limits.maxFileBytes else {
            throw .fileTooLarge(name: name, limits: options.limits)
        }
        return [UInt8](data)
    }

    func picture(_ bytes: [UInt8], name: String) throws(ImageError) -> Picture {
        let source = try EncodedImage(bytes, name: name, options)
        var canvas = UprightCanvas(width: source.width, height: source.height, orientation: source.orientation)
        var index = 0
        let flattened = try source.decode(source.decoder, options) { row in
            canvas.put(row, storedRow: index)
            index += 1
        }
        let image = RGBImage(uncheckedWidth: source.width, height: source.height, pixels: canvas.pixels)
        return Picture(image: image, report: source.report(flattened: flattened, reduction: 1))
    }

    private func fitted(
        _ bytes: [UInt8], name: String, _ fit: ImageFit, _ size: (width: Int, height: Int), _ filter: ResampleFilter
    ) throws(ImageError) -> FittedPicture {
        let source = try EncodedImage(bytes, name: name, options)
        let fitting = try ImageFitting(
            fit, of: (source.width, source.height), into: size, limits: options.limits)
        let (decoder, reduction) = source.reduced(for: fitting, options)
        let turned = source.orientation.swapsSides
        let (horizontal, vertical) = fitting.plans(
            width: turned ? decoder.height : decoder.width, height: turned ? decoder.width : decoder.height,
            filter: filter)
        var resampler = RowResampler(
            width: decoder.width, height: decoder.height, orientation: source.orientation, horizontal: horizontal,
            vertical: vertical)
        let flattened = try source.decode(decoder, options) { resampler.push($0) }
        return FittedPicture(
            image: fitting.placed(resampler.canvas.pixels), fitting: fitting,
            report: source.report(flattened: flattened, reduction: reduction))
    }
}

/// An image whose header was read and found to be within the limits.
private struct EncodedImage {
    let decoder: any ImageDecoder
    /// How it is turned.
    let orientation: Orientation
    /// Columns when it stands upright.
    let width: Int
    /// Rows when it stands upright.
    let height: Int
    private let format: ImageFormat
    private let name: String

    init(_ bytes: [UInt8], name: String, _ options: ImageReadingOptions) throws(ImageError) {
        self.name = name
        let limits = options.limits
        guard bytes.count <= limits.maxFileBytes else { throw .fileTooLarge(name: name, limits: limits) }
        guard let format = ImageFormat(signature: bytes) else {
            if let found = ForeignFile.description(bytes) { throw .notAnImage(name: name, found: found) }
            throw .unknownFormat(name: name)
        }
        guard options.formats.contains(format) else {
            throw .notAnImage(name: name, found: "an image of a kind that is not taken here (\(format.rawValue))")
        }
        self.format = format
        do throws(CodecError) {
            decoder = try Self.decoder(bytes, format, limits)
        } catch {
            throw .corrupt(name: name, format: format, reason: error.reason)
        }
        // Pillow turns TIFFs on its own, whether asked or not.
        orientation = options.appliesOrientation || format == .tiff ? decoder.orientation : .upright
        (width, height) =
            orientation.swapsSides ? (decoder.height, decoder.width) : (decoder.width, decoder.height)
        guard limits.allows(width: width, height: height) else {
            throw .tooManyPixels(name: name, width: width, height: height, limits: limits)
        }
    }

    private static func decoder(
        _ bytes: [UInt8], _ format: ImageFormat, _ limits: ImageLimits
    ) throws(CodecError) -> any ImageDecoder {
        switch format {
        case .png: try SPNGDecoder(bytes)
        case .jpeg: try JPEGDecoder(bytes)
        case .webp: try WebPDecoder(bytes)
        case .gif: try GIFDecoder(bytes)
        case .bmp: try BMPDecoder(bytes)
        case .tiff: try TIFFDecoder(bytes, limits: limits)
        case .avif, .heic: try HEIFDecoder(bytes, limits: limits)
        }
    }

    /// A decoder of reduced size for images above the exact ones, if at least twice the size needed remains.
    func reduced(for fitting: ImageFitting, _ options: ImageReadingOptions) -> (any ImageDecoder, Int) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard overflow || pixels > options.maxExactPixels else { return (decoder, 1) }
        for divisor in [8, 4, 2]
        where width / divisor >= 2 * fitting.scaledWidth && height / divisor >= 2 * fitting.scaledHeight {
            if let smaller = decoder.reduced(by: divisor) { return (smaller, divisor) }
        }
        return (decoder, 1)
    }

    /// Hands over rows of RGB.
    /// - Returns: whether transparent pixels were laid on white.
    func decode(
        _ decoder: any ImageDecoder, _ options: ImageReadingOptions, _ row: (PixelRow) -> Void
    ) throws(ImageError) -> Bool {
        let keepsAlpha = options.alpha == .flatten
        var flattening = Flattening(keepsAlpha ? decoder.alpha : .none, width: decoder.width)
        do throws(CodecError) {
            try decoder.decode(keepsAlpha: keepsAlpha) { flattening.flatten($0, row) }
        } catch {
            throw .corrupt(name: name, format: format, reason: error.reason)
        }
        return flattening.sawTransparency
    }

    func report(flattened: Bool, reduction: Int) -> ImageReport {
        ImageReport(
            format: format, width: width, height: height, flattenedTransparency: flattened,
            isTurned: orientation != .upright, reduction: reduction)
    }
}
