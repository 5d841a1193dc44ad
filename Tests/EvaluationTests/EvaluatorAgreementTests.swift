import Evaluation
import FlashUTesting
import Foundation
import Images
import Testing

/// Tests/Resources/evaluation: images, and what `Training/evaluator.py` says of them (Tools/evaluation_fixtures.py).
struct EvaluatorFixture {
    struct Expected: Decodable {
        struct Check: Decodable {
            let include: [ShapesPrompt.Demand]
            let background: String?
            let right: Bool
        }
        let kind: String
        let background: String
        let objects: [ShapesScene.Object]
        let checks: [Check]
    }

    static let side = 128
    let expected: [Expected]
    private let sheet: RGBImage

    init() throws {
        let folder = RepositoryFiles.resource("evaluation")
        expected = try JSONDecoder().decode(
            [Expected].self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
        sheet = try RGBImage(contentsOf: folder.appendingPathComponent("sheet.png"))
    }

    /// Image `index` of the sheet.
    func image(_ index: Int) throws -> RGBImage {
        let columns = sheet.width / Self.side
        let (left, top) = (index % columns * Self.side, index / columns * Self.side)
        let rows = (top..<top + Self.side).map { row in
            let start = 3 * (row * sheet.width + left)
            return sheet.pixels[start..<start + 3 * Self.side]
        }
        return try RGBImage(width: Self.side, height: Self.side, pixels: rows.flatMap { $0 })
    }
}

@Suite("The evaluator agrees with Training/evaluator.py") struct EvaluatorAgreementTests {
    @Test("Same background, same objects, same verdicts on every image")
    func agreement() throws {
        let fixture = try EvaluatorFixture()
        #expect(fixture.expected.count > 140)
        #expect(Set(fixture.expected.map(\.kind)).count > 15)
        var verdicts = (right: 0, wrong: 0)
        for (index, expected) in fixture.expected.enumerated() {
            let scene = try ShapesScene(reading: fixture.image(index))
            #expect(scene.background == expected.background, "image \(index), \(expected.kind)")
            #expect(scene.objects == expected.objects, "image \(index), \(expected.kind)")
            for check in expected.checks {
                let prompt = ShapesPrompt(
                    task: "", prompt: "", include: check.include, background: check.background)
                #expect(prompt.isFulfilled(by: scene) == check.right, "image \(index), \(expected.kind), \(check)")
                if check.right { verdicts.right += 1 } else { verdicts.wrong += 1 }
            }
        }
        #expect(verdicts.right > 200 && verdicts.wrong > 200)
    }
}
