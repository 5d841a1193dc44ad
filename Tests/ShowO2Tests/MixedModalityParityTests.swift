import Compute
import FlashUTesting
import Pipelines
import ShowO2
import Tensors
import Testing

/// An image drawn behind text and two images, held to a forward pass that `Tools/mixed_modality.py` writes down on its own, and that gives the official
/// code's velocities: all images in the mask of generation, those of the history at t = 1, and bos, boi and the image in the unconditional branch.
@Suite struct MixedModalityParityTests {
    @Test func bothBranches() throws {
        let golden = try Golden("t2i_mixed_nano")
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        let special = try #require(golden.manifest.special)
        let texts = try #require(golden.manifest.prompts_token_ids)
        let history = try golden["image_latents"].toFloat32()
        func image(_ i: Int) -> Piece { .image(ImagePiece(latents: history.rows(i..<i + 1), mask: .generation)) }
        let reading = try PromptReading(
            model: model, special: special,
            readings: [
                [
                    .text([special.beginOfSequence] + texts[0]), image(0), .text(texts[1]), image(1),
                    .text(texts[2] + [special.beginOfImage]),
                ]
            ], negative: [.text(special.drawing([]))])
        try reading.pass.finish()
        // Its times hold those of the file.
        let schedule = try FlowSchedule(steps: 29, timeShift: 3)
        let denoising = try Denoising(
            after: reading.conditional, guidedFrom: reading.unconditional, schedule: schedule, grid: model.geometry.grid
        )
        try denoising.preparation.finish()
        let x = try golden["x"].toFloat32().reshaped(denoising.latentShape)
        for (i, (step, time)) in zip([0, 14, 27], try golden["t"].floats()).enumerated() {
            #expect(abs(schedule.time(step) - time) < 1e-6)
            let branches = try denoising.branches(x, step: step)
            for (row, name) in [(0, "conditional"), (1, "unconditional")] {
                let expected = try golden[name].rows(i..<i + 1).floats()
                let error = relativeError(branches.rows(row..<row + 1).floats(), expected)
                #expect(error < 1e-4, "\(name) at \(time)")
            }
        }
    }

    /// The same by `generate --pieces`.
    @Test func guidedByPieces() async throws {
        let golden = try Golden("t2i_mixed_nano")
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 2)
        let special = try #require(golden.manifest.special)
        let texts = try #require(golden.manifest.prompts_token_ids)
        let history = try golden["image_latents"]
        let x = try golden["x"]
        let pieces: [PromptPiece] = [
            .ids([special.beginOfSequence] + texts[0]), .latents(history.rows(0..<1)), .ids(texts[1]),
            .latents(history.rows(1..<2)), .ids(texts[2]),
        ]
        let trajectory = try await TextToImage(model).trajectory(
            .init(prompts: [.pieces(pieces)], steps: 3, guidance: 4, timeShift: 3, noise: x.reshaped([1] + x.shape)))
        let (conditional, free) = (
            try golden["conditional"].rows(0..<1).floats(), try golden["unconditional"].rows(0..<1).floats()
        )
        let expected = zip(conditional, free).map { $1 + 4 * ($0 - $1) }
        let first = try #require(trajectory.states.first)
        #expect(relativeError(first.velocity.floats(), expected) < 1e-4)
    }
}
