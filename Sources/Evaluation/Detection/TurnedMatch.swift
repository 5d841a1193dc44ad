import Foundation

/// Which shape of the open world a set of pixels is: every shape is laid over it by area and centroid, at several sizes and turns, refined by
/// hill climbing and compared by overlap (intersection over union). The Swift twin of `Training/third/evaluator.py`.
enum TurnedMatch {
    /// The least overlap that still counts, per shape.
    private static let leastOverlap = [0.88, 0.87, 0.82, 0.75, 0.79, 0.84, 0.78, 0.78, 0.78]
    /// Softened tips cost area, so larger shapes are tried too.
    private static let scales = [0.96, 1.0, 1.05, 1.1]
    /// Turns that are tried first, in degrees; a circle has none.
    private static let turns = stride(from: -28.0, through: 28, by: 8).map { $0 * (Double.pi / 180) }
    /// Holes of at most this share of the area are filled.
    private static let pinholes = 0.05
    /// Below this overlap the search is not refined.
    private static let promising = 0.5
    private static let tables = OpenWorld.outlines.map { DistanceTable($0) }

    /// Finds the shape.
    static func classify(_ mask: Mask) -> ShapeMatch.Part {
        let filled = mask.holesFilled()
        let (whole, area) = (filled.area, mask.area)
        let isWhole = Double(whole - area) <= pinholes * Double(whole)
        guard let window = Window(isWhole ? filled : mask) else {
            return .init(mask: mask, shape: nil, overlap: 0, halfWidth: 0)
        }
        var best = (shape: 0, overlap: -1.0)
        for shape in tables.indices {
            let overlap = overlap(window, shape)
            if overlap > best.overlap { best = (shape, overlap) }
        }
        let counts = isWhole && best.overlap >= leastOverlap[best.shape]
        return .init(
            mask: mask, shape: counts ? OpenWorld.shapes[best.shape] : nil, overlap: best.overlap,
            halfWidth: halfWidth(window, best.shape))
    }

    /// The half width of a shape of the window's area.
    private static func halfWidth(_ window: Window, _ shape: Int) -> Double {
        (Double(window.area) / tables[shape].area).squareRoot()
    }

    /// Where a shape is laid: its centroid in the window, its half width, its turn.
    private struct Pose {
        var x, y, halfWidth, turn: Double

        func moved(_ direction: Int, by length: Double) -> Pose {
            var new = self
            switch direction {
            case 0: new.x += length
            case 1: new.y += length
            case 2: new.halfWidth += 0.6 * length
            default: new.turn += 0.08 * length
            }
            return new
        }
    }

    /// The best overlap of a shape with a set of pixels.
    private static func overlap(_ window: Window, _ shape: Int) -> Double {
        let base = halfWidth(window, shape)
        let isRound = OpenWorld.shapes[shape] == "circle"
        var best = (overlap: -1.0, pose: Pose(x: 0, y: 0, halfWidth: 1, turn: 0))
        for scale in scales {
            for turn in isRound ? [0] : turns {
                let pose = Pose(x: window.centre.x, y: window.centre.y, halfWidth: base * scale, turn: turn)
                let overlap = window.overlap(tables[shape], pose)
                if overlap > best.overlap { best = (overlap, pose) }
            }
        }
        guard best.overlap > promising else { return best.overlap }
        for scale in [1.0, 0.5] {
            for _ in 0..<12 {
                var next = (overlap: -1.0, pose: best.pose)
                for direction in 0..<(isRound ? 3 : 4) {
                    for length in [0.5, -0.5] {
                        let pose = best.pose.moved(direction, by: scale * length)
                        let overlap = window.overlap(tables[shape], pose)
                        if overlap > next.overlap { next = (overlap, pose) }
                    }
                }
                guard next.overlap > best.overlap + 1e-9 else { break }
                best = next
            }
        }
        return best.overlap
    }

    /// A set of pixels with a margin of six around it.
    private struct Window {
        let area: Int
        /// The centroid.
        let centre: ShapesWorld.Point
        let mask: Mask

        init?(_ source: Mask) {
            guard let box = source.box else { return nil }
            let (left, top) = (box.x.lowerBound - 6, box.y.lowerBound - 6)
            var mask = Mask(width: box.x.count + 12, height: box.y.count + 12)
            var (area, x, y) = (0, 0, 0)
            for place in source.bits.indices where source.bits[place] {
                let (column, row) = (place % source.width - left, place / source.width - top)
                mask.bits[row * mask.width + column] = true
                (area, x, y) = (area + 1, x + column, y + row)
            }
            self.mask = mask
            self.area = area
            centre = .init(x: Double(x) / Double(area), y: Double(y) / Double(area))
        }

        /// Intersection over union with a shape.
        func overlap(_ table: DistanceTable, _ pose: Pose) -> Double {
            let (cos, sin) = (Foundation.cos(pose.turn), Foundation.sin(pose.turn))
            let last = Double(DistanceTable.side - 1)
            func grid(_ value: Double) -> Int {
                Int(min(max(((value + DistanceTable.span) / DistanceTable.step).rounded(.toNearestOrEven), 0), last))
            }
            var (both, covered) = (0, 0)
            for row in 0..<mask.height {
                let y = Double(row) - pose.y
                for column in 0..<mask.width {
                    let x = Double(column) - pose.x
                    let u = grid((cos * x + sin * y) / pose.halfWidth + table.centroid.x)
                    let v = grid((cos * y - sin * x) / pose.halfWidth + table.centroid.y)
                    guard table.inside[v * DistanceTable.side + u] else { continue }
                    covered += 1
                    if mask.bits[row * mask.width + column] { both += 1 }
                }
            }
            return Double(both) / Double(max(covered + area - both, 1))
        }
    }
}
