/// A polygon with corners on whole pixels, as Pillow's `ImageDraw.polygon` fills it: edges and corners belong to it.
struct Polygon {
    private struct Edge {
        let from, to: (x: Int, y: Int)
        let top, bottom: Int
        /// Columns to the right for each row down; 0 for level edges.
        let slope: Float

        init(from: (x: Int, y: Int), to: (x: Int, y: Int)) {
            (self.from, self.to) = (from, to)
            (top, bottom) = (min(from.y, to.y), max(from.y, to.y))
            slope = top == bottom ? 0 : Float(to.x - from.x) / Float(to.y - from.y)
        }

        func x(at row: Int) -> Float { Float(row - from.y) * slope + Float(from.x) }
    }

    private let edges: [Edge]

    /// The polygon through these points, their coordinates cut to whole numbers.
    init(_ points: [ShapesWorld.Point]) {
        let corners = points.map { (x: Int($0.x), y: Int($0.y)) }
        edges = corners.indices.map { Edge(from: corners[$0], to: corners[($0 + 1) % corners.count]) }
    }

    /// The filled polygon in a square image.
    func filled(side: Int) -> Mask {
        var mask = Mask(width: side, height: side)
        let first = max(0, edges.map(\.top).min() ?? 0)
        let last = min(side - 1, edges.map(\.bottom).max() ?? -1)
        guard first <= last else { return mask }
        for row in first...last {
            for (left, right) in spans(row) {
                let start = max(0, Int((left + 0.5).rounded(.down)))
                let end = min(side - 1, Int((right - 0.5).rounded(.up)))
                if start <= end { for x in start...end { mask.bits[row * side + x] = true } }
            }
        }
        return mask
    }

    /// Where a row lies inside: the closed spans that the polygon has just above it, just below it, and its level edges in it.
    private func spans(_ row: Int) -> [(Float, Float)] {
        var spans: [(Float, Float)] = []
        var above: [(x: Float, slope: Float)] = []
        var below: [(x: Float, slope: Float)] = []
        for edge in edges where edge.top <= row && row <= edge.bottom {
            if edge.top == edge.bottom {
                spans.append((Float(min(edge.from.x, edge.to.x)), Float(max(edge.from.x, edge.to.x))))
                continue
            }
            if row > edge.top { above.append((edge.x(at: row), -edge.slope)) }
            if row < edge.bottom { below.append((edge.x(at: row), edge.slope)) }
        }
        for var crossings in [above, below] {
            crossings.sort { ($0.x, $0.slope) < ($1.x, $1.slope) }
            for i in stride(from: 0, to: crossings.count - 1, by: 2) {
                spans.append((crossings[i].x, crossings[i + 1].x))
            }
        }
        return spans
    }
}
