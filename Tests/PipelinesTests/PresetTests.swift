import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Testing

/// What the presets promise on the embedded model, in operations: seconds differ from machine to machine.
@Suite("Presets") struct PresetTests {
    func drawing(_ profile: AccelerationProfile, _ model: UnifiedModel) async throws -> Double {
        let request = TextToImage.Request(prompts: [.text("two red circles")], decode: false, profile: profile)
        return Double(try await TextToImage(model).images(request)[0].timings.flops)
    }

    @Test("balanced draws with less than half of the operations, fast with less than a third")
    func generation() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        let dense = try await drawing(.off, model)
        #expect(try await dense / drawing(.balanced, model) >= 2)
        #expect(try await dense / drawing(.fast, model) >= 3)
    }

    @Test("balanced drops half of the visual tokens, fast more, and both cost less than the exact engine")
    func understanding() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        let image = try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/000.png"))
        func work(_ profile: AccelerationProfile) async throws -> (kept: Int, flops: Int) {
            var (kept, flops) = (model.geometry.imageTokens, 0)
            let request = ImageQuestion.Request(
                image: image, questions: ["how many squares are there?"], profile: profile)
            for try await event in ImageQuestion(model).ask(request) {
                switch event {
                case .imageRead(let tokens): kept = tokens?.count ?? kept
                case .answer(let answer): flops = answer.timings.imageFlops + answer.timings.flops
                case .text: break
                }
            }
            return (kept, flops)
        }
        let (dense, balanced, fast) = try await (work(.off), work(.balanced), work(.fast))
        #expect(balanced.kept == dense.kept / 2 && fast.kept < balanced.kept)
        #expect(balanced.flops < dense.flops && fast.flops < balanced.flops)
    }
}
