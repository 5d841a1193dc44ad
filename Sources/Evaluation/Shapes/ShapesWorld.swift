import Foundation

/// The world that the shapes model draws: palettes and outlines, as `Training/world.py` defines them.
enum ShapesWorld {
    /// A colour with its name; components 0 ... 255.
    struct Colour: Sendable {
        let name: String
        let red, green, blue: Int
    }

    /// A point of the plane, y pointing down.
    struct Point: Sendable, Equatable {
        var x, y: Double
    }

    /// The shapes' names.
    static let shapes = ["circle", "square", "triangle", "star", "cross", "heart"]

    /// Colours of objects.
    static let colours = [
        Colour(name: "red", red: 220, green: 40, blue: 40), Colour(name: "green", red: 40, green: 160, blue: 70),
        Colour(name: "blue", red: 40, green: 80, blue: 220), Colour(name: "yellow", red: 245, green: 210, blue: 40),
        Colour(name: "purple", red: 130, green: 50, blue: 170), Colour(name: "orange", red: 250, green: 140, blue: 30),
        Colour(name: "black", red: 25, green: 25, blue: 25), Colour(name: "pink", red: 255, green: 120, blue: 180),
    ]

    /// Colours of backgrounds.
    static let backgrounds = [
        Colour(name: "white", red: 255, green: 255, blue: 255),
        Colour(name: "light gray", red: 205, green: 205, blue: 208),
        Colour(name: "beige", red: 240, green: 226, blue: 198),
        Colour(name: "light blue", red: 184, green: 220, blue: 240),
    ]

    /// The outline of each shape, in the order of ``shapes``: a polygon inside [-1, 1]^2.
    static let outlines: [[Point]] = [circle, square, triangle, star, cross, heart]

    private static let circle = angles(72).map { Point(x: cos($0), y: sin($0)) }

    private static let square = polygon((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88))

    private static let triangle = polygon((0, -0.95), (1.0, 0.85), (-1.0, 0.85))

    private static let star = (0..<10).map { i in
        let angle = -Double.pi / 2 + Double(i) * Double.pi / 5
        let radius = i % 2 == 0 ? 1.05 : 0.44
        return Point(x: radius * cos(angle), y: radius * sin(angle) + 0.05)
    }

    private static let cross: [Point] = {
        let w = 0.34
        return polygon(
            (-w, -1), (w, -1), (w, -w), (1, -w), (1, w), (w, w), (w, 1), (-w, 1), (-w, w), (-1, w), (-1, -w), (-w, -w))
    }()

    private static let heart = angles(72).map { a in
        let x = 16 * pow(sin(a), 3)
        let y = 13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a)
        return Point(x: x / 16.5, y: -(y + 2.5) / 15.5)
    }

    private static func angles(_ count: Int) -> [Double] {
        let step = 2 * Double.pi / Double(count)
        return (0..<count).map { Double($0) * step }
    }

    private static func polygon(_ points: (Double, Double)...) -> [Point] { points.map { Point(x: $0.0, y: $0.1) } }
}
