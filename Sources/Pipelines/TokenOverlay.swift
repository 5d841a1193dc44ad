public import Images
public import ShowO2

/// Shows which image tokens stayed: their patches are clear, those of dropped tokens are greyed and hatched.
public enum TokenOverlay {
    /// Short sides below this are enlarged by a whole factor, so that single patches can be seen.
    public static let shortSide = 512

    /// Draws it.
    ///
    /// - Parameters:
    ///   - image: what the model saw: ``ImageQuestion/fitted(_:scale:)``.
    ///   - grid: its tokens, in raster order over equal patches (16 x 16 pixels each in Show-o2: two latent pixels of 8).
    ///   - kept: the places of those that stayed; see ``ImageQuestion/Event/imageRead(keptTokens:)``.
    /// - Returns: the image, enlarged where it is small.
    /// - Throws: `ImageError/invalidSize` when the image can't be cut into the grid's patches.
    public static func draw(_ image: RGBImage, grid: TokenGrid, kept: [Int]) throws(ImageError) -> RGBImage {
        guard grid.tokens > 0, image.width % grid.width == 0, image.height % grid.height == 0 else {
            throw .invalidSize(
                width: image.width, height: image.height,
                reason: "\(grid.width) x \(grid.height) tokens don't divide it evenly")
        }
        let factor = max(1, shortSide / min(image.width, image.height))
        let (width, height) = (image.width * factor, image.height * factor)
        let patch = (width: width / grid.width, height: height / grid.height)
        let stays = Set(kept)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                let from = (y / factor * image.width + x / factor) * 3
                let token = y / patch.height * grid.width + x / patch.width
                for value in image.pixels[from..<from + 3] {
                    pixels.append(stays.contains(token) ? value : dropped(value, hatched: (x + y) % 12 < 3))
                }
            }
        }
        return try RGBImage(width: width, height: height, pixels: pixels)
    }

    /// A quarter of the pixel, the rest grey: lighter between the hatching's lines.
    static func dropped(_ value: UInt8, hatched: Bool) -> UInt8 {
        UInt8((Int(value) + 3 * (hatched ? 70 : 150)) / 4)
    }
}
