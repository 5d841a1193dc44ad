/// An 8-bit RGB image in memory.
public struct RGBImage: Sendable, Equatable {
    /// Columns, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// The samples, [height, width, 3], row by row from the top left.
    public let pixels: [UInt8]

    /// An image of these samples.
    /// - Parameters:
    ///   - width: columns, at least 1.
    ///   - height: rows, at least 1.
    ///   - pixels: [height, width, 3].
    /// - Throws: `ImageError.invalidSize` if the size is not positive or the samples are not width x height x 3.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw .invalidSize(width: width, height: height, reason: "an image has at least one pixel")
        }
        guard pixels.count % 3 == 0, (pixels.count / 3).isProduct(width, height) else {
            throw .invalidSize(width: width, height: height, reason: "\(pixels.count) samples do not fill it")
        }
        self.init(uncheckedWidth: width, height: height, pixels: pixels)
    }

    /// An image of one colour.
    /// - Throws: `ImageError.invalidSize` if the size is not positive or beyond `limits`.
    public init(
        width: Int, height: Int, filledWith colour: (red: UInt8, green: UInt8, blue: UInt8),
        limits: ImageLimits = .default
    ) throws(ImageError) {
        try Self.check(width: width, height: height, limits: limits)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for _ in 0..<width * height {
            pixels.append(colour.red)
            pixels.append(colour.green)
            pixels.append(colour.blue)
        }
        self.init(uncheckedWidth: width, height: height, pixels: pixels)
    }

    /// For callers in this target that made the samples for this very size.
    init(uncheckedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Refuses sizes that are not positive or beyond the limits, before anything is allocated for them.
    static func check(width: Int, height: Int, limits: ImageLimits = .default) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw .invalidSize(width: width, height: height, reason: "an image has at least one pixel")
        }
        guard limits.allows(width: width, height: height) else {
            let reason = "the limit is \(limits.maxSide) on a side and \(limits.maxPixels) in all"
            throw .invalidSize(width: width, height: height, reason: reason)
        }
    }
}

extension Int {
    fileprivate func isProduct(_ a: Int, _ b: Int) -> Bool {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return !overflow && product == self
    }
}
