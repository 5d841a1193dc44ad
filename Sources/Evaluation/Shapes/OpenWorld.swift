/// The world of sets of version 2, as `Training/third/world.py` defines it: the shapes of ``ShapesWorld`` and three letters, turned, in three
/// sizes. Colours and backgrounds are the same.
enum OpenWorld {
    /// The shapes' names.
    static let shapes = ShapesWorld.shapes + ["T", "U", "Z"]

    /// The outline of each shape, in the order of ``shapes``.
    static let outlines: [[ShapesWorld.Point]] = ShapesWorld.outlines + [letterT, letterU, letterZ]

    /// What an object of this half width, in pixels of an image of 128 x 128, is called.
    static func size(_ halfWidth: Double) -> String {
        halfWidth > 19.2 ? "large" : halfWidth > 14.1 ? "medium" : "small"
    }

    private static let letterT = polygon(
        (-0.95, -0.95), (0.95, -0.95), (0.95, -0.4), (0.28, -0.4), (0.28, 0.95), (-0.28, 0.95), (-0.28, -0.4),
        (-0.95, -0.4))

    private static let letterU = polygon(
        (-0.85, -0.95), (-0.35, -0.95), (-0.35, 0.45), (0.35, 0.45), (0.35, -0.95), (0.85, -0.95), (0.85, 0.95),
        (-0.85, 0.95))

    private static let letterZ = polygon(
        (-0.85, -0.95), (0.85, -0.95), (0.85, -0.45), (-0.15, 0.45), (0.85, 0.45), (0.85, 0.95), (-0.85, 0.95),
        (-0.85, 0.45), (0.15, -0.45), (-0.85, -0.45))

    private static func polygon(_ points: (Double, Double)...) -> [ShapesWorld.Point] {
        points.map { ShapesWorld.Point(x: $0.0, y: $0.1) }
    }
}
