extension RGBImage {
    /// The image at another size, bit for bit as Pillow's `Image.resize((width, height), filter)`: antialiased, rows
    /// first, 8 bits between the two passes.
    ///
    /// That is Pillow up to version 12, which the official Show-o2 code runs on. From 13 on, Pillow takes columns first
    /// where the height shrinks more than the width; rounding then differs by a level or two in natural images.
    /// - Throws: `ImageError.invalidSize` if the size is not positive or beyond `ImageLimits.default`.
    public func resized(width: Int, height: Int, filter: ResampleFilter = .bicubic) throws(ImageError) -> RGBImage {
        try Self.check(width: width, height: height)
        return try resampled(
            width: width, height: height, columns: 0..<width, rows: 0..<height, filter: filter)
    }

    /// The image with its short side `size` long, as torchvision's `Resize(size)` does to Pillow images: the long side
    /// becomes `int(size * long / short)`.
    /// - Throws: `ImageError.invalidSize` if the result is beyond `ImageLimits.default` (1 x 16384 to short side 432
    ///   would be 432 x 7077888; `resizedCovering` can do that one).
    public func resizedShortSide(to size: Int, filter: ResampleFilter = .bicubic) throws(ImageError) -> RGBImage {
        let full = try ImageFitting(.crop, of: (width, height), into: (size, size))
        return try resized(width: full.scaledWidth, height: full.scaledHeight, filter: filter)
    }

    /// The middle of the image, as torchvision's `CenterCrop`: offsets `int(round((side - size) / 2.0))` with halves
    /// going to the even number; where the image is smaller, black is added, the odd pixel right and below.
    /// - Throws: `ImageError.invalidSize` if the size is not positive or beyond `ImageLimits.default`.
    public func centerCropped(width newWidth: Int, height newHeight: Int) throws(ImageError) -> RGBImage {
        try Self.check(width: newWidth, height: newHeight)
        let (left, top) = (Self.cropOffset(width, newWidth), Self.cropOffset(height, newHeight))
        let columns = max(left, 0)..<min(left + newWidth, width)
        var cropped = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
        for row in max(top, 0)..<min(top + newHeight, height) {
            let source = (row * width + columns.lowerBound) * 3
            let target = ((row - top) * newWidth + columns.lowerBound - left) * 3
            let length = columns.count * 3
            cropped.replaceSubrange(target..<target + length, with: pixels[source..<source + length])
        }
        return RGBImage(uncheckedWidth: newWidth, height: newHeight, pixels: cropped)
    }

    /// Some columns and rows of the image, at least one of each.
    package func cropped(columns: Range<Int>, rows: Range<Int>) -> RGBImage {
        precondition(!columns.isEmpty && !rows.isEmpty && columns.upperBound <= width && rows.upperBound <= height)
        var cropped: [UInt8] = []
        cropped.reserveCapacity(columns.count * rows.count * 3)
        for row in rows {
            cropped += pixels[(row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound) * 3]
        }
        return RGBImage(uncheckedWidth: columns.count, height: rows.count, pixels: cropped)
    }

    /// Resizes until the image just covers `width` x `height`, then crops its middle: what the official Show-o2 code
    /// does to a square (`Resize(size)`, `CenterCrop(size)`), for any rectangle.
    ///
    /// Only what remains of the crop is computed, so extreme shapes cost no more than others.
    /// - Throws: `ImageError.invalidSize` if the size is not positive or beyond `ImageLimits.default`.
    public func resizedCovering(
        width newWidth: Int, height newHeight: Int, filter: ResampleFilter = .bicubic
    ) throws(ImageError) -> RGBImage {
        try fitted(.crop, width: newWidth, height: newHeight, filter: filter).image
    }

    /// Where a centred window of `size` begins: half the difference, halves rounded to even; negative if the image is
    /// the smaller one (torchvision pads the smaller half in front).
    static func cropOffset(_ side: Int, _ size: Int) -> Int {
        let difference = side - size
        guard difference >= 0 else { return -(-difference / 2) }
        return difference.isMultiple(of: 2) ? difference / 2 : (difference / 2 + 1) / 2 * 2
    }

    /// A window of the image at `width` x `height`.
    func resampled(
        width newWidth: Int, height newHeight: Int, columns: Range<Int>, rows: Range<Int>, filter: ResampleFilter
    ) throws(ImageError) -> RGBImage {
        let vertical = ResamplePlan(input: height, output: newHeight, range: rows, filter: filter)
        let horizontal = ResamplePlan(input: width, output: newWidth, range: columns, filter: filter)
        var resampler = RowResampler(
            width: width, height: height, orientation: .upright, horizontal: horizontal, vertical: vertical)
        pixels.forEachRow(of: width * 3) { resampler.push($0) }
        return RGBImage(uncheckedWidth: columns.count, height: rows.count, pixels: resampler.canvas.pixels)
    }
}
