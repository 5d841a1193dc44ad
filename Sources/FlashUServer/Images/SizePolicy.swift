import Foundation
package import ShowO2

/// Which sizes are drawn: those whose sides are multiples of what a token covers, up to an area. Any other is mapped to the nearest: it keeps its
/// proportions, is made no larger than that area, and its sides are rounded.
package struct SizePolicy: Sendable {
    private let geometry: ShowO2Geometry
    let maxPixels: Int
    private let isStrict: Bool

    /// The policy for a model.
    package init(_ geometry: ShowO2Geometry, _ settings: ServerSettings) {
        self.geometry = geometry
        isStrict = settings.isStrictAboutSizes
        let unit = geometry.pixelsPerToken
        let trained = ([geometry.grid] + geometry.otherTrainedGrids).map(\.tokens).max() ?? 1
        maxPixels = settings.maxDrawnPixels ?? trained * unit * unit
    }

    /// What is drawn when a size is asked for.
    ///
    /// - Parameter size: `WIDTHxHEIGHT`, `auto` or nil.
    /// - Throws: ``APIError`` for what is no size, and, where the policy is strict, for one that isn't drawn.
    package func size(_ size: String?) throws(APIError) -> (width: Int, height: Int) {
        guard let size, size != "auto" else { return (geometry.imageWidth, geometry.imageHeight) }
        let sides = size.split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ $0.allSatisfy(\.isASCII) && !$0.hasPrefix("+") }),
            let width = Int(sides[0]), let height = Int(sides[1]), (1...100_000).contains(width),
            (1...100_000).contains(height)
        else { throw .invalid("size", "size must be WIDTHxHEIGHT, such as 512x512, or auto") }
        return try self.size(width: width, height: height)
    }

    /// What is drawn when these sides are asked for.
    /// - Throws: ``APIError`` where the policy is strict.
    package func size(width: Int, height: Int) throws(APIError) -> (width: Int, height: Int) {
        let unit = geometry.pixelsPerToken
        if width * height <= maxPixels, (try? geometry.grid(width: width, height: height)) != nil {
            return (width, height)
        }
        let nearest = nearest(width, height, unit)
        if isStrict {
            throw .invalid(
                "size",
                "this model draws sizes whose sides are multiples of \(unit), up to \(maxPixels) pixels; the nearest to \(width)x\(height) is \(nearest.width)x\(nearest.height)",
                code: "unsupported_size")
        }
        return nearest
    }

    private func nearest(_ width: Int, _ height: Int, _ unit: Int) -> (width: Int, height: Int) {
        let scale = min(1, (Double(maxPixels) / (Double(width) * Double(height))).squareRoot())
        let (columns, rows) = (Double(width) * scale / Double(unit), Double(height) * scale / Double(unit))
        let tokens = max(1, maxPixels / (unit * unit))
        func around(_ side: Double) -> [Int] {
            [max(1, min(tokens, Int(side))), max(1, min(tokens, Int(side.rounded(.up))))]
        }
        // A long strip has one row at least, and as many columns as there are tokens.
        let candidates = around(columns).flatMap { column in
            around(rows).flatMap { row in
                [(min(column, tokens / row), row), (column, min(row, tokens / column))]
            }
        }
        // Nearest by how many times a side is too long or too short.
        func distance(_ grid: (Int, Int)) -> Double {
            let (x, y) = (log(Double(grid.0) / columns), log(Double(grid.1) / rows))
            return x * x + y * y
        }
        let nearest = candidates.min { distance($0) < distance($1) } ?? (1, 1)
        return (nearest.0 * unit, nearest.1 * unit)
    }
}
