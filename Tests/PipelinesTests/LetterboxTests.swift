import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Testing

/// Tokens that see only the bars of a letterboxed image count as nothing.
@Suite struct LetterboxTests {
    @Test func placesOfBars() {
        let grid = TokenGrid(height: 4, width: 4)
        func padding(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Set<Int> {
            Letterbox.padding(grid, side: 16, picture: .init(x: x, y: y, width: width, height: height))
        }
        #expect(padding(0, 0, 64, 64).isEmpty)
        #expect(padding(0, 16, 64, 32) == Set([0, 1, 2, 3, 12, 13, 14, 15]))
        // A single row of pixels is seen.
        #expect(padding(0, 15, 64, 34).isEmpty)
        #expect(padding(0, 17, 64, 15) == Set(Array(0..<4) + Array(8..<16)))
        #expect(padding(32, 0, 16, 64) == Set((0..<16).filter { $0 % 4 != 2 }))
    }

    func kept(_ source: ImageQuestion.Request.Source, _ profile: AccelerationProfile, _ model: UnifiedModel)
        async throws -> [Int]?
    {
        var kept: [Int]?
        let request = ImageQuestion.Request(
            sources: [source], questions: [.text("how many squares are there?")], maxTokens: 2, profile: profile)
        for try await event in ImageQuestion(model).ask(request) {
            if case .imageRead(let tokens) = event { kept = tokens.first }
        }
        return kept
    }

    @Test("Bars are dropped first, by every selection and at both places")
    func barsAreDropped() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        let whole = try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/000.png"))
        let size = model.geometry.readingSize
        let wide = try whole.fitted(.stretch, width: 2 * size.width, height: size.height).image
        let (image, fitting) = try wide.fitted(.pad, width: size.width, height: size.height)
        let grid = model.geometry.readingGrid
        let content = (0..<grid.tokens).filter { (grid.height / 4..<grid.height * 3 / 4).contains($0 / grid.width) }
        let source = ImageQuestion.Request.Source.letterboxed(image, picture: fitting.picture)
        for place in ["llm", "encoder"] {
            for selection in TokenSelection.allCases where place == "llm" || selection != .calibrated {
                var profile = try AccelerationProfile.off.setting("tokens.place", to: place)
                (profile.tokens.selection, profile.tokens.dropRatio) = (selection, 0.75)
                let some = try #require(try await kept(source, profile, model))
                #expect(some.count == grid.tokens / 4 && Set(some).isSubset(of: content), "\(place) \(selection)")
                profile.tokens.dropRatio = 0.1
                #expect(try await kept(source, profile, model) == content)
                // The same pixels without that knowledge.
                #expect(try await kept(.image(image), profile, model)?.count == grid.tokens - grid.tokens / 10)
            }
        }
        #expect(try await kept(source, .off, model) == nil, "the exact engine drops nothing")
    }

    @Test("Bars of an image that would be resized are not known")
    func otherSizesAreRefused() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        let image = try RGBImage(width: 40, height: 20, filledWith: (1, 2, 3))
        let error = await #expect(throws: ModelError.self) {
            _ = try await kept(
                .letterboxed(image, picture: .init(x: 0, y: 0, width: 40, height: 20)), .off, model)
        }
        #expect("\(try #require(error))".contains("40 x 20"))
    }

    @Test("Several images lose their shares each, or together")
    func severalImages() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        let images = try (0..<3).map {
            try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/00\($0).png"))
        }
        for selection in [TokenSelection.divPrune, .keepHighNorm, .v2Drop] {
            for place in AccelerationProfile.Tokens.Place.allCases {
                for scope in AccelerationProfile.Tokens.Scope.allCases {
                    var profile = AccelerationProfile.off
                    (profile.tokens.selection, profile.tokens.dropRatio) = (selection, 0.5)
                    (profile.tokens.place, profile.tokens.scope, profile.tokens.dropped) = (place, scope, .merge)
                    let answers = try await ImageQuestion(model).answers(
                        .init(images: images, questions: ["what color is the background?"], profile: profile))
                    #expect(answers.count == 1 && !answers[0].tokens.isEmpty)
                }
            }
        }
    }
}
