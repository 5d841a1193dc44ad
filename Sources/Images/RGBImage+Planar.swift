extension RGBImage {
    /// The image as networks take it: [3, height, width], channel by channel, 0...255 mapped to -1...1.
    ///
    /// In float32, step by step as torchvision's `ToTensor` and `Normalize(0.5, 0.5)`: `(x / 255 - 0.5) / 0.5`.
    public func normalizedPlanar() -> [Float] {
        let count = width * height
        let levels = (0...255).map { (Float($0) / 255 - 0.5) / 0.5 }
        var planar = [Float](repeating: 0, count: 3 * count)
        for channel in 0..<3 {
            var source = channel
            for index in channel * count..<(channel + 1) * count {
                planar[index] = levels[Int(pixels[source])]
                source += 3
            }
        }
        return planar
    }

    /// The image that a network drew, as the official code shows it: `clamp((x + 1) / 2, 0, 1) * 255` in float32, then
    /// the fraction is cut off. Not-a-number becomes 0.
    /// - Parameters:
    ///   - planar: [3, height, width], in -1...1; values beyond are clamped.
    ///   - width: columns.
    ///   - height: rows.
    ///   - limits: of sizes.
    /// - Throws: `ImageError.invalidSize` if the size is not positive, beyond `limits`, or the values do not fill it.
    public init(planar: [Float], width: Int, height: Int, limits: ImageLimits = .default) throws(ImageError) {
        try Self.check(width: width, height: height, limits: limits)
        let count = width * height
        guard planar.count == 3 * count else {
            throw .invalidSize(width: width, height: height, reason: "\(planar.count) values do not fill it")
        }
        var pixels = [UInt8](repeating: 0, count: 3 * count)
        for channel in 0..<3 {
            var target = channel
            for index in channel * count..<(channel + 1) * count {
                pixels[target] = Self.level(planar[index])
                target += 3
            }
        }
        self.init(uncheckedWidth: width, height: height, pixels: pixels)
    }

    private static func level(_ value: Float) -> UInt8 {
        let unit = (value + 1) / 2
        guard unit > 0 else { return 0 }  // also where it is not a number
        return UInt8(min(unit, 1) * 255)
    }
}
