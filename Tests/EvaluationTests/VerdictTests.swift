import Evaluation
import Foundation
import Testing

@Suite("What a prompt demands") struct VerdictTests {
    /// A scene as the evaluator writes it.
    func scene(_ objects: (shape: String?, color: String?, x: Double, y: Double)..., background: String = "white")
        throws
        -> ShapesScene
    {
        let list = objects.map { object -> [String: Any] in
            var fields: [String: Any] = ["size": "small", "x": object.x, "y": object.y, "area": 400, "iou": 0.95]
            fields["shape"] = object.shape
            fields["color"] = object.color
            return fields
        }
        let data = try JSONSerialization.data(withJSONObject: ["background": background, "objects": list])
        return try JSONDecoder().decode(ShapesScene.self, from: data)
    }

    func prompt(_ include: ShapesPrompt.Demand..., background: String? = nil) -> ShapesPrompt {
        ShapesPrompt(task: "t", prompt: "p", include: include, background: background)
    }

    @Test("Shape, colour, count, size, background: exactly what was asked for")
    func exact() throws {
        let one = try scene(("star", "red", 30, 30))
        #expect(prompt(.init(shape: "star")).isFulfilled(by: one))
        #expect(prompt(.init(shape: "star", color: "red", size: "small"), background: "white").isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star", color: "blue")).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "heart")).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star", size: "large")).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star", count: 2)).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star"), background: "beige").isFulfilled(by: one))
        let two = try scene(("star", "red", 30, 30), ("star", "red", 90, 30))
        #expect(prompt(.init(shape: "star", count: 2)).isFulfilled(by: two))
        #expect(!prompt(.init(shape: "star")).isFulfilled(by: two))
    }

    @Test("Anything else in the image makes it wrong, and so does what is unclear")
    func nothingElse() throws {
        let extra = try scene(("star", "red", 30, 30), ("cross", "blue", 90, 30))
        #expect(!prompt(.init(shape: "star")).isFulfilled(by: extra))
        let unclear = try [scene(("star", nil, 30, 30)), scene(("star", "red", 30, 30), (nil, "red", 90, 90)), scene()]
        for scene in unclear { #expect(!prompt(.init(shape: "star")).isFulfilled(by: scene)) }
    }

    @Test("Places: along the relation within 60 degrees", arguments: ShapesPrompt.Relation.allCases)
    func positions(relation: ShapesPrompt.Relation) throws {
        let (dx, dy): (Double, Double) =
            switch relation {
            case .leftOf: (-1, 0)
            case .rightOf: (1, 0)
            case .above: (0, -1)
            case .below: (0, 1)
            }
        for degrees in [-59.0, 0, 59, 61, 180] {
            let angle = degrees * .pi / 180
            let (x, y) = (dx * cos(angle) - dy * sin(angle), dx * sin(angle) + dy * cos(angle))
            let found = try scene(("heart", "pink", 64 + 30 * x, 64 + 30 * y), ("cross", "black", 64, 64))
            let asked = prompt(.init(shape: "cross"), .init(shape: "heart", position: .init(relation, 0)))
            #expect(asked.isFulfilled(by: found) == (abs(degrees) < 60), "\(degrees)")
        }
    }

    @Test("A demand that makes no sense is never fulfilled")
    func senseless() throws {
        let one = try scene(("star", "red", 30, 30))
        #expect(!prompt(.init(shape: "star", position: .init(.above, 0))).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star", position: .init(.above, -3))).isFulfilled(by: one))
        #expect(!prompt(.init(shape: "star"), .init(shape: "cross", count: 0)).isFulfilled(by: one))
    }
}
