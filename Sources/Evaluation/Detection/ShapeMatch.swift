/// Which shape a set of pixels is: every shape's outline is laid over it, aligned by area and centroid, refined by a small search and
/// compared by overlap (intersection over union). The Swift twin of `Training/matching.py`.
enum ShapeMatch {
    /// The least overlap that still counts, per shape.
    private static let leastOverlap = [0.87, 0.86, 0.82, 0.75, 0.80, 0.84]
    /// Larger outlines are tried too: softened tips cost area.
    private static let scales = [0.92, 0.96, 1.0, 1.04, 1.08, 1.13]
    /// Supersampling of the outlines.
    private static let supersampling = 3
    /// Holes of at most this share of the area are filled.
    private static let pinholes = 0.05

    /// A set of pixels with its shape's name, nil if it is none, and the best overlap, 0 ... 1; and half the shape's width in pixels, where
    /// sizes are told by that.
    struct Part {
        let mask: Mask
        let shape: String?
        let overlap: Double
        var halfWidth: Double?
    }

    /// Finds the shape.
    static func classify(_ mask: Mask) -> Part {
        let filled = mask.holesFilled()
        let (whole, area) = (filled.area, mask.area)
        let isWhole = Double(whole - area) <= pinholes * Double(whole)
        guard let window = Window(isWhole ? filled : mask) else {
            return Part(mask: mask, shape: nil, overlap: 0)
        }
        var best = (shape: 0, overlap: -1.0)
        for shape in ShapesWorld.shapes.indices {
            let overlap = overlap(window, shape)
            if overlap > best.overlap { best = (shape, overlap) }
        }
        let counts = isWhole && best.overlap >= leastOverlap[best.shape]
        return Part(mask: mask, shape: counts ? ShapesWorld.shapes[best.shape] : nil, overlap: best.overlap)
    }

    /// The best overlap of a shape with a set of pixels.
    private static func overlap(_ window: Window, _ shape: Int) -> Double {
        let base = (Double(window.area) / moments[shape].area).squareRoot() * 4
        var (dx, dy) = (quarters(window.offset.x), quarters(window.offset.y))
        var best = (overlap: -1.0, radius: 0)
        for scale in scales {
            let radius = Int((base * scale).rounded(.toNearestOrEven))
            let overlap = window.overlap(outline(shape, radius: radius, dx: dx, dy: dy, half: window.half))
            if (overlap, radius) > best { best = (overlap, radius) }
        }
        var improved = true
        while improved {  // hill climbing by half pixels
            improved = false
            for (x, y, r) in [(2, 0, 0), (-2, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 2), (0, 0, -2)] {
                let moved = outline(shape, radius: best.radius + r, dx: dx + x, dy: dy + y, half: window.half)
                let overlap = window.overlap(moved)
                if overlap > best.overlap + 1e-9 {
                    best = (overlap, best.radius + r)
                    (dx, dy, improved) = (dx + x, dy + y, true)
                    break
                }
            }
        }
        return best.overlap
    }

    private static func quarters(_ value: Double) -> Int { Int((value * 4).rounded(.toNearestOrEven)) }

    /// An outline [2 half + 1, 2 half + 1] whose centroid is (dx, dy) off the middle. Radius, dx and dy are quarters of pixels.
    private static func outline(_ shape: Int, radius: Int, dx: Int, dy: Int, half: Int) -> Mask {
        let side = 2 * half + 1
        let centre = moments[shape].centroid
        let (r, scale) = (Double(radius) / 4, Double(supersampling))
        let polygon = Polygon(
            ShapesWorld.outlines[shape].map { point in
                ShapesWorld.Point(
                    x: (Double(half) + 0.5 + Double(dx) / 4 + (point.x - centre.x) * r) * scale,
                    y: (Double(half) + 0.5 + Double(dy) / 4 + (point.y - centre.y) * r) * scale)
            })
        let fine = polygon.filled(side: side * supersampling)
        var mask = Mask(width: side, height: side)
        for y in 0..<side {
            for x in 0..<side {
                var covered = 0
                for sub in 0..<supersampling {
                    let start = (y * supersampling + sub) * fine.width + x * supersampling
                    for i in start..<start + supersampling where fine.bits[i] { covered += 1 }
                }
                mask.bits[y * side + x] = 2 * covered > supersampling * supersampling
            }
        }
        return mask
    }

    /// Area and centroid of each outline with radius 1.
    private static let moments: [(area: Double, centroid: ShapesWorld.Point)] = ShapesWorld.outlines.map { points in
        var (area, x, y) = (0.0, 0.0, 0.0)
        for (i, p) in points.enumerated() {
            let q = points[(i + 1) % points.count]
            let cross = p.x * q.y - q.x * p.y
            area += cross / 2
            x += (p.x + q.x) * cross
            y += (p.y + q.y) * cross
        }
        return (abs(area), ShapesWorld.Point(x: x / (6 * area), y: y / (6 * area)))
    }

    /// A set of pixels in a square window around its centroid.
    private struct Window {
        /// The window has 2 half + 1 pixels on a side.
        let half: Int
        /// From the middle pixel's centre to the centroid.
        let offset: ShapesWorld.Point
        let area: Int
        let mask: Mask

        init?(_ source: Mask) {
            guard let box = source.box else { return nil }
            let places = source.bits.indices.filter { source.bits[$0] }
            let mx = Double(places.reduce(0) { $0 + $1 % source.width }) / Double(places.count)
            let my = Double(places.reduce(0) { $0 + $1 / source.width }) / Double(places.count)
            let reach = [
                Double(box.y.upperBound) - my, my - Double(box.y.lowerBound), Double(box.x.upperBound) - mx,
                mx - Double(box.x.lowerBound),
            ]
            half = Int(reach.max() ?? 0) + 8
            let (x0, y0) = (Int(mx.rounded(.toNearestOrEven)), Int(my.rounded(.toNearestOrEven)))
            offset = .init(x: mx - Double(x0), y: my - Double(y0))
            area = places.count
            let side = 2 * half + 1
            var mask = Mask(width: side, height: side)
            for place in places {
                mask.bits[(place / source.width - y0 + half) * side + place % source.width - x0 + half] = true
            }
            self.mask = mask
        }

        /// Intersection over union.
        func overlap(_ other: Mask) -> Double {
            var (both, any) = (0, 0)
            for (a, b) in zip(mask.bits, other.bits) {
                if a && b { both += 1 }
                if a || b { any += 1 }
            }
            return Double(both) / Double(max(any, 1))
        }
    }
}
