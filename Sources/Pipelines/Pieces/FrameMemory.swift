package import FlashU
package import Images
package import ShowO2

/// What of a video's frames has to be read, where cells that look as they did when they were last read are not read again.
///
/// A cell looks at the pixels of the tokens that it is made of, and is compared with what they were in the frame in which it was last read: what changes
/// slowly is read again when the changes have added up. See `AccelerationProfile/FrameCache`.
package struct FrameMemory {
    /// What a frame brings that is new.
    package struct News {
        /// The cells that are read, rising.
        package let cells: [Int]
        /// The tokens whose latents are new, and, of the frame, those that pass the VAE for them; nil = none.
        package let part: (new: TokenRectangle, encoded: TokenRectangle)?
    }

    private let cache: AccelerationProfile.FrameCache
    private let grid: TokenGrid
    /// Pixels of a token in both directions.
    private let side: Int
    /// The tokens that each cell looks at.
    private let windows: [TokenRectangle]
    /// Of each cell the pixels that were last read; empty before the first frame.
    private var known: [[UInt8]] = []

    /// - Parameters:
    ///   - cache: threshold 0: every frame is all new.
    ///   - grid: a frame's tokens.
    package init(_ cache: AccelerationProfile.FrameCache, _ grid: TokenGrid, _ geometry: ShowO2Geometry) {
        (self.cache, self.grid, side) = (cache, grid, geometry.pixelsPerToken)
        let pooling = FramePooling(grid, geometry)
        windows = (0..<pooling.pooled.tokens).map { cell in
            TokenRectangle(covering: pooling.sources(of: [cell]), width: grid.width)
        }
    }

    /// Looks at the next frame.
    package mutating func news(of frame: RGBImage) -> News {
        let whole = TokenRectangle(rows: 0..<grid.height, columns: 0..<grid.width)
        guard cache.threshold > 0 else { return News(cells: Array(windows.indices), part: (whole, whole)) }
        let pixels = windows.map { window in
            let place = window.scaled(by: side)
            return frame.cropped(columns: place.columns, rows: place.rows).pixels
        }
        let cells = windows.indices.filter {
            known.isEmpty || Self.difference(pixels[$0], known[$0]) >= cache.threshold
        }
        if known.isEmpty { known = pixels }
        for cell in cells { known[cell] = pixels[cell] }
        guard let first = cells.first else { return News(cells: [], part: nil) }
        let new = cells.dropFirst().reduce(windows[first]) { $0.union(windows[$1]) }
        let encoded = new.widened(by: cache.margin, in: grid)
        // Where little would be left out nothing is.
        guard 5 * encoded.tokens <= 4 * grid.tokens else { return News(cells: cells, part: (whole, whole)) }
        return News(cells: cells, part: (new, encoded))
    }

    /// Root mean square of the differences, of 0 ... 1.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
        var sum = 0
        for (a, b) in zip(a, b) {
            let difference = Int(a) - Int(b)
            sum += difference * difference
        }
        return (Double(sum) / Double(max(1, a.count))).squareRoot() / 255
    }
}
