import Evaluation
import FlashUTesting
import Foundation
import Images
import Testing

/// Tests/Resources/evaluation2: images of the open world, and what `Training/third/evaluator.py` says of them (Tools/evaluation2_fixtures.py).
@Suite("The evaluator of version 2 agrees with Training/third/evaluator.py") struct OpenEvaluatorAgreementTests {
    struct Expected: Decodable {
        struct Check: Decodable {
            let include: [ShapesPrompt.Demand]
            let exclude: [ShapesPrompt.Demand]?
            let background: String?
            let right: Bool
        }
        let kind: String
        let background: String
        let objects: [ShapesScene.Object]
        let checks: [Check]
    }

    static let side = 128

    /// What is known of each image, with the image.
    func fixture() throws -> [(Expected, RGBImage)] {
        let folder = RepositoryFiles.resource("evaluation2")
        let expected = try JSONDecoder().decode(
            [Expected].self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
        let sheet = try RGBImage(contentsOf: folder.appendingPathComponent("sheet.png"))
        return try expected.enumerated().map { index, known in
            let columns = sheet.width / Self.side
            let (left, top) = (index % columns * Self.side, index / columns * Self.side)
            let rows = (top..<top + Self.side).map { row in
                let start = 3 * (row * sheet.width + left)
                return sheet.pixels[start..<start + 3 * Self.side]
            }
            return (known, try RGBImage(width: Self.side, height: Self.side, pixels: rows.flatMap { $0 }))
        }
    }

    @Test("Same background, same objects, same verdicts on every image")
    func agreement() throws {
        let fixture = try fixture()
        #expect(fixture.count >= 70)
        #expect(Set(fixture.map(\.0.kind)).count >= 10)
        var verdicts = (right: 0, wrong: 0)
        for (index, (expected, image)) in fixture.enumerated() {
            let scene = ShapesScene(reading: image, version: .open)
            #expect(scene.background == expected.background, "image \(index), \(expected.kind)")
            #expect(scene.objects == expected.objects, "image \(index), \(expected.kind)")
            for check in expected.checks {
                let prompt = ShapesPrompt(
                    task: "", prompt: "", include: check.include, exclude: check.exclude ?? [],
                    background: check.background)
                #expect(prompt.isFulfilled(by: scene) == check.right, "image \(index), \(expected.kind), \(check)")
                if check.right { verdicts.right += 1 } else { verdicts.wrong += 1 }
            }
        }
        #expect(verdicts.right > 200 && verdicts.wrong > 200)
    }

    @Test("A set says its version; one without a head is of the first")
    func version() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("set-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let set = ShapesSet(folder: folder)
        #expect(try set.version() == .closed)
        let head = folder.appendingPathComponent("set.json")
        try Data(#"{"name": "ShapesBench 2", "version": 2}"#.utf8).write(to: head)
        #expect(try set.version() == .open)
        for text in ["{\"version\": 3}", "{}", "2"] {
            try Data(text.utf8).write(to: head)
            #expect(throws: BenchError.self) { try set.version() }
        }
    }

    @Test("The prompts of ShapesBench 2 can be read, and leave shapes open or exclude them")
    func prompts() throws {
        let folder = RepositoryFiles.root.appendingPathComponent("Training/shapesbench2")
        let set = ShapesSet(folder: folder)
        #expect(try set.version() == .open)
        let prompts = try set.prompts()
        #expect(prompts.count >= 500)
        #expect(prompts.contains { $0.include.contains { $0.shape == nil } })
        #expect(prompts.contains { !$0.exclude.isEmpty })
        #expect(try set.questions().count >= 1500)
    }
}
