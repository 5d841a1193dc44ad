/// How a picture of any shape becomes one of the model's size.
public enum ImageFit: String, Sendable, CaseIterable, Codable {
    /// The short side fits, what the long side has too much is cut off at both ends: the official Show-o2 code's way
    /// with images (`Resize`, `CenterCrop`).
    case crop
    /// The long side fits, black bars fill the rest: the official code's way with films (`resize_and_pad_image`).
    case pad
    /// Both sides fit, whatever becomes of the proportions.
    case stretch
}

/// Where each part of a picture goes when it is fitted into another size.
public struct ImageFitting: Sendable, Equatable {
    /// A rectangle of pixels.
    public struct Rectangle: Sendable, Equatable {
        /// Columns left of it.
        public let x: Int
        /// Rows above it.
        public let y: Int
        /// Columns, at least 1.
        public let width: Int
        /// Rows, at least 1.
        public let height: Int

        /// A rectangle.
        public init(x: Int, y: Int, width: Int, height: Int) {
            (self.x, self.y, self.width, self.height) = (x, y, width, height)
        }
    }

    /// How it is done.
    public let fit: ImageFit
    /// The result's columns.
    public let width: Int
    /// The result's rows.
    public let height: Int
    /// The columns that the whole picture is resized to.
    public let scaledWidth: Int
    /// The rows that the whole picture is resized to.
    public let scaledHeight: Int
    /// What of the resized picture is in the result.
    public let window: Rectangle
    /// Where that is in the result: all of it, but for `.pad`, which leaves black bars around.
    public let picture: Rectangle

    /// The share of the picture that is cut away, 0 up to 1: above 0 only with `.crop`.
    public var croppedShare: Double {
        1 - Double(window.width) / Double(scaledWidth) * (Double(window.height) / Double(scaledHeight))
    }

    /// The fitting of a picture into a size.
    /// - Parameters:
    ///   - fit: how a picture of another shape is fitted.
    ///   - picture: the picture's columns and rows, standing upright.
    ///   - size: the result's columns and rows.
    ///   - limits: of sizes.
    /// - Throws: `ImageError.invalidSize` if a size is not positive or the result's is beyond `limits`.
    public init(
        _ fit: ImageFit, of picture: (width: Int, height: Int), into size: (width: Int, height: Int),
        limits: ImageLimits = .default
    ) throws(ImageError) {
        try RGBImage.check(width: size.width, height: size.height, limits: limits)
        // Products below: sides of pictures that fit into memory are below 2^46, those of results are limited.
        let isPossible = picture.width > 0 && picture.height > 0 && max(picture.width, picture.height) < 1 << 40
        guard isPossible, max(size.width, size.height) < 1 << 22 else {
            throw .invalidSize(width: picture.width, height: picture.height, reason: "no picture has that size")
        }
        self.fit = fit
        (width, height) = size
        switch fit {
        case .crop:
            // One side equals the result's, the other is rounded down and not smaller.
            let isFlat = size.width * picture.height >= size.height * picture.width
            scaledWidth = isFlat ? size.width : size.height * picture.width / picture.height
            scaledHeight = isFlat ? size.width * picture.height / picture.width : size.height
            window = Rectangle(
                x: RGBImage.cropOffset(scaledWidth, size.width), y: RGBImage.cropOffset(scaledHeight, size.height),
                width: size.width, height: size.height)
            self.picture = Rectangle(x: 0, y: 0, width: size.width, height: size.height)
        case .pad:
            // In doubles and rounded up, as the official code does it.
            let scaleX = Double(size.width) / Double(picture.width)
            let scaleY = Double(size.height) / Double(picture.height)
            let isWide = scaleX < scaleY
            scaledWidth =
                isWide ? size.width : min(Int((Double(picture.width) * scaleY).rounded(.up)), size.width)
            scaledHeight =
                isWide ? min(Int((Double(picture.height) * scaleX).rounded(.up)), size.height) : size.height
            window = Rectangle(x: 0, y: 0, width: scaledWidth, height: scaledHeight)
            self.picture = Rectangle(
                x: (size.width - scaledWidth) / 2, y: (size.height - scaledHeight) / 2, width: scaledWidth,
                height: scaledHeight)
        case .stretch:
            (scaledWidth, scaledHeight) = size
            window = Rectangle(x: 0, y: 0, width: size.width, height: size.height)
            self.picture = window
        }
    }

    /// The result, with the resized window in its place and black around it.
    func placed(_ pixels: [UInt8]) -> RGBImage {
        guard picture.width != width || picture.height != height else {
            return RGBImage(uncheckedWidth: width, height: height, pixels: pixels)
        }
        var whole = [UInt8](repeating: 0, count: width * height * 3)
        for row in 0..<picture.height {
            let source = row * picture.width * 3
            let target = ((picture.y + row) * width + picture.x) * 3
            whole.replaceSubrange(
                target..<target + picture.width * 3, with: pixels[source..<source + picture.width * 3])
        }
        return RGBImage(uncheckedWidth: width, height: height, pixels: whole)
    }

    /// The plans for a picture stored upright with `width` x `height` pixels: its own size, or a reduced one.
    func plans(width: Int, height: Int, filter: ResampleFilter) -> (horizontal: ResamplePlan, vertical: ResamplePlan) {
        let horizontal = ResamplePlan(
            input: width, output: scaledWidth, range: window.x..<window.x + window.width, filter: filter)
        let vertical = ResamplePlan(
            input: height, output: scaledHeight, range: window.y..<window.y + window.height, filter: filter)
        return (horizontal, vertical)
    }
}

extension RGBImage {
    /// The image in another size, and where its parts went. Resampling is Pillow's, bit for bit, in each mode.
    ///
    /// Only what remains is computed, so extreme shapes cost no more than others.
    /// - Throws: `ImageError.invalidSize` if the size is not positive or beyond `limits`.
    public func fitted(
        _ fit: ImageFit, width newWidth: Int, height newHeight: Int, filter: ResampleFilter = .bicubic,
        limits: ImageLimits = .default
    ) throws(ImageError) -> (image: RGBImage, fitting: ImageFitting) {
        let fitting = try ImageFitting(fit, of: (width, height), into: (newWidth, newHeight), limits: limits)
        let window = fitting.window
        let resized = try resampled(
            width: fitting.scaledWidth, height: fitting.scaledHeight, columns: window.x..<window.x + window.width,
            rows: window.y..<window.y + window.height, filter: filter)
        return (fitting.placed(resized.pixels), fitting)
    }
}
