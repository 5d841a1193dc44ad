public import Foundation

extension RGBImage {
    /// Reads a PNG, JPEG or WebP file; the format is told by its bytes, not its name.
    ///
    /// Samples become 8-bit RGB as Pillow's `Image.open(path).convert("RGB")` makes them: alpha and transparent palette
    /// entries are dropped (not blended), CMYK is taken as Adobe's inverted one, colour profiles and gamma are ignored,
    /// of an animation the first frame is read. Two differences: 16-bit grey keeps its high byte, where Pillow clips at
    /// 255 (nearly all white); and the EXIF orientation is applied, which the official Show-o2 code does not do.
    /// - Parameters:
    ///   - limits: checked against the file's size and the image's header before memory for either is taken.
    ///   - applyOrientation: whether to turn the image as its EXIF orientation says; false reads as the official code.
    /// - Throws: `ImageError`, with the file's name.
    public init(
        contentsOf url: URL, limits: ImageLimits = .default, applyOrientation: Bool = true
    ) throws(ImageError) {
        let bytes = try BoundedFile.read(url, limits: limits)
        try self.init(bytes: bytes, name: url.lastPathComponent, limits: limits, applyOrientation: applyOrientation)
    }

    /// Decodes a PNG, JPEG or WebP image in memory, as `init(contentsOf:)` does a file.
    /// - Parameter name: what error messages call the image.
    public init(
        data: Data, name: String = "image", limits: ImageLimits = .default, applyOrientation: Bool = true
    ) throws(ImageError) {
        // The size first: no copy is made of what is refused anyway.
        guard data.count <= limits.maxFileBytes else { throw .fileTooLarge(name: name, limits: limits) }
        try self.init(bytes: [UInt8](data), name: name, limits: limits, applyOrientation: applyOrientation)
    }

    /// Decodes a PNG, JPEG or WebP image in memory. No bytes can make it crash or take more memory than `limits` say.
    /// - Parameter name: what error messages call the image.
    public init(
        bytes: [UInt8], name: String = "image", limits: ImageLimits = .default, applyOrientation: Bool = true
    ) throws(ImageError) {
        guard bytes.count <= limits.maxFileBytes else { throw .fileTooLarge(name: name, limits: limits) }
        guard let format = ImageFormat(signature: bytes) else { throw .unknownFormat(name: name) }
        let decoder: any ImageDecoder
        let pixels: [UInt8]
        do {
            switch format {
            case .png: decoder = try SPNGDecoder(bytes)
            case .jpeg: decoder = try JPEGDecoder(bytes)
            case .webp: decoder = try WebPDecoder(bytes)
            }
        } catch {
            throw .corrupt(name: name, format: format, reason: error.reason)
        }
        let (width, height) = (decoder.width, decoder.height)
        guard limits.allows(width: width, height: height) else {
            throw .tooManyPixels(name: name, width: width, height: height, limits: limits)
        }
        do {
            pixels = try decoder.decode()
        } catch {
            throw .corrupt(name: name, format: format, reason: error.reason)
        }
        let stored = RGBImage(uncheckedWidth: width, height: height, pixels: pixels)
        self = applyOrientation ? decoder.orientation.applied(to: stored) : stored
    }
}

/// One format's decoder: the initializer reads the header only, `decode` takes memory for the pixels.
protocol ImageDecoder {
    /// Columns as stored, before the orientation is applied.
    var width: Int { get }
    /// Rows as stored.
    var height: Int { get }
    /// How the stored image has to be turned to stand upright.
    var orientation: Orientation { get }
    /// [height, width, 3]. Call it only when the limits allow the size.
    func decode() throws(CodecError) -> [UInt8]
}
