/// Lays images out side by side.
public enum ImageGrid {
    /// A contact sheet: the images row by row, each centred in a cell of the largest width and height among them.
    /// - Parameters:
    ///   - images: one or more.
    ///   - columns: images in a row; clamped to 1...images.count.
    ///   - padding: pixels between cells and around the sheet; negative counts as 0.
    ///   - background: the colour of padding and of what smaller images leave free.
    ///   - limits: of sizes.
    /// - Throws: `ImageError.invalidSize` if there are no images or the sheet is beyond `limits`.
    public static func compose(
        _ images: [RGBImage], columns: Int, padding: Int = 8,
        background: (red: UInt8, green: UInt8, blue: UInt8) = (255, 255, 255), limits: ImageLimits = .default
    ) throws(ImageError) -> RGBImage {
        guard let cellWidth = images.map(\.width).max(), let cellHeight = images.map(\.height).max() else {
            throw .invalidSize(width: 0, height: 0, reason: "a sheet needs at least one image")
        }
        let columns = min(max(columns, 1), images.count)
        let rows = (images.count + columns - 1) / columns
        let padding = min(max(padding, 0), limits.maxSide)
        guard let width = total(columns, cellWidth, padding), let height = total(rows, cellHeight, padding) else {
            throw .invalidSize(width: .max, height: .max, reason: "the sheet is too large")
        }
        let sheet = try RGBImage(width: width, height: height, filledWith: background, limits: limits)
        var pixels = sheet.pixels
        for (index, image) in images.enumerated() {
            let left = padding + index % columns * (cellWidth + padding) + (cellWidth - image.width) / 2
            let top = padding + index / columns * (cellHeight + padding) + (cellHeight - image.height) / 2
            for row in 0..<image.height {
                let source = row * image.width * 3
                let target = ((top + row) * width + left) * 3
                let length = image.width * 3
                pixels.replaceSubrange(target..<target + length, with: image.pixels[source..<source + length])
            }
        }
        return RGBImage(uncheckedWidth: width, height: height, pixels: pixels)
    }

    /// `count` cells with padding around each; nil if that overflows.
    private static func total(_ count: Int, _ cell: Int, _ padding: Int) -> Int? {
        let (step, overflow) = cell.addingReportingOverflow(padding)
        let (cells, overflow2) = count.multipliedReportingOverflow(by: step)
        let (sum, overflow3) = cells.addingReportingOverflow(padding)
        return overflow || overflow2 || overflow3 ? nil : sum
    }
}
