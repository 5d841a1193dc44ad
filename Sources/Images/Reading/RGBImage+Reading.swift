public import Foundation

extension RGBImage {
    /// Reads a file as `ImageReader` does, at its own size.
    /// - Parameters:
    ///   - url: the file.
    ///   - limits: checked against the file's size and the image's header before memory for either is taken.
    ///   - alpha: what becomes of transparency.
    ///   - applyOrientation: whether to turn the image as its metadata say; false reads as the official code.
    /// - Throws: `ImageError`, with the file's name.
    public init(
        contentsOf url: URL, limits: ImageLimits = .default, alpha: AlphaHandling = .flatten,
        applyOrientation: Bool = true
    ) throws(ImageError) {
        let options = ImageReadingOptions(limits: limits, alpha: alpha, appliesOrientation: applyOrientation)
        self = try ImageReader(options).read(contentsOf: url).image
    }

    /// Decodes an image in memory, as `init(contentsOf:)` does a file.
    /// - Parameters:
    ///   - data: the bytes.
    ///   - name: what error messages call the image.
    ///   - limits: of sizes.
    ///   - alpha: what becomes of transparency.
    ///   - applyOrientation: whether to turn the image as its metadata say.
    public init(
        data: Data, name: String = "image", limits: ImageLimits = .default, alpha: AlphaHandling = .flatten,
        applyOrientation: Bool = true
    ) throws(ImageError) {
        let options = ImageReadingOptions(limits: limits, alpha: alpha, appliesOrientation: applyOrientation)
        self = try ImageReader(options).read(data: data, name: name).image
    }

    /// Decodes an image in memory. No bytes can make it crash or take more memory than `limits` say.
    /// - Parameters:
    ///   - bytes: the bytes.
    ///   - name: what error messages call the image.
    ///   - limits: of sizes.
    ///   - alpha: what becomes of transparency.
    ///   - applyOrientation: whether to turn the image as its metadata say.
    public init(
        bytes: [UInt8], name: String = "image", limits: ImageLimits = .default, alpha: AlphaHandling = .flatten,
        applyOrientation: Bool = true
    ) throws(ImageError) {
        let options = ImageReadingOptions(limits: limits, alpha: alpha, appliesOrientation: applyOrientation)
        self = try ImageReader(options).picture(bytes, name: name).image
    }
}
