package import Images
package import ShowO2

/// Which tokens of a letterboxed image see nothing of its picture.
package enum Letterbox {
    /// The places of the tokens, in raster order, whose pixels all lie outside of `picture`.
    ///
    /// - Parameter side: pixels that a token covers in both directions.
    package static func padding(_ grid: TokenGrid, side: Int, picture: ImageFitting.Rectangle) -> Set<Int> {
        var places: Set<Int> = []
        for row in 0..<grid.height {
            for column in 0..<grid.width {
                let sees =
                    row * side < picture.y + picture.height && (row + 1) * side > picture.y
                    && column * side < picture.x + picture.width && (column + 1) * side > picture.x
                if !sees { places.insert(row * grid.width + column) }
            }
        }
        return places
    }

    /// - Throws: ``ModelError/request(_:)`` when a letterboxed image or frame has not the model's size: where its bars are after resizing isn't known.
    static func check(width: Int, height: Int, _ geometry: ShowO2Geometry) throws(ModelError) {
        let size = geometry.readingSize
        guard width == size.width, height == size.height else {
            throw .request(
                "a letterboxed image must have the size at which the model reads, \(size.width) x \(size.height), not \(width) x \(height)"
            )
        }
    }
}

extension ImageFitting.Rectangle {
    /// Where a picture is, once its image of `width` x `height` is made smaller: every pixel that shows some of it.
    func scaled(from width: Int, _ height: Int, to size: ReadingSize) -> Self {
        func span(_ start: Int, _ length: Int, _ from: Int, _ to: Int) -> Range<Int> {
            start * to / from..<((start + length) * to + from - 1) / from
        }
        let (columns, rows) = (span(x, self.width, width, size.width), span(y, self.height, height, size.height))
        return Self(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }
}
