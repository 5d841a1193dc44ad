import Foundation

/// Where a shape is, on a grid: the sign of the distance to its outline, as the renderer of `Training/third/render.py` tabulates it.
struct DistanceTable: Sendable {
    /// Grid points on a side, and half the width that they cover, in half widths of the shape.
    static let (side, span) = (161, 1.6)
    /// From one grid point to the next.
    static let step = 2 * span / Double(side - 1)

    /// [side * side] whether a grid point lies inside, rows along y.
    let inside: [Bool]
    /// Area of the shape with half width 1, from the grid.
    let area: Double
    /// Its centroid.
    let centroid: ShapesWorld.Point

    init(_ outline: [ShapesWorld.Point]) {
        let at = (0..<Self.side).map { $0 == Self.side - 1 ? Self.span : Double($0) * Self.step - Self.span }
        var inside: [Bool] = []
        var (count, x, y) = (0.0, 0.0, 0.0)
        for row in at {
            for column in at {
                let isInside = Self.contains(outline, column, row)
                inside.append(isInside)
                if isInside { (count, x, y) = (count + 1, x + column, y + row) }
            }
        }
        self.inside = inside
        area = count * (at[1] - at[0]) * (at[1] - at[0])
        centroid = .init(x: x / max(count, 1), y: y / max(count, 1))
    }

    /// Whether a point lies inside a closed polygon: a ray to the left crosses it an odd number of times, and it is not on the outline.
    private static func contains(_ outline: [ShapesWorld.Point], _ x: Double, _ y: Double) -> Bool {
        var isInside = false
        var nearest = Double.infinity
        for (index, a) in outline.enumerated() {
            let b = outline[(index + 1) % outline.count]
            let (dx, dy) = (b.x - a.x, b.y - a.y)
            let along = min(max(((x - a.x) * dx + (y - a.y) * dy) / max(dx * dx + dy * dy, 1e-12), 0), 1)
            nearest = min(nearest, hypot(x - a.x - along * dx, y - a.y - along * dy))
            if a.y != b.y, (a.y > y) != (b.y > y), x < a.x + (y - a.y) * dx / dy { isInside.toggle() }
        }
        return isInside && nearest > 0
    }
}
