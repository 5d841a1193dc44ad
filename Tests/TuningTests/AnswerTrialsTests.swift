import Compute
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import Testing
import Tuning

/// Questions about images, read at several sizes.
@Suite struct AnswerTrialsTests {
    @Test("Each grid of tokens is tried once")
    func sizes() throws {
        let geometry = try ModelFolder(ShapesModel.folder).geometry
        let knob = try #require(Knobs.answering(isCalibrated: false, geometry).first { $0.name == "size" })
        // 8 x 8 tokens: 0.7 of them are 0.8's 6 x 6.
        #expect(knob.options.map { $0.changes["reading.scale"] } == ["0.9", "0.8", "0.6", "0.5", "0.4"])
        #expect(knob.options.allSatisfy { Candidate.exact(.f32).with($0, of: "size").isPlain })
    }

    @Test("A smaller image saves the VAE's time as well, of files; what was drawn is made smaller, too")
    func smaller() async throws {
        let folder = try ModelFolder(ShapesModel.folder)
        let models = TuneModels(folder, threads: 2)
        let questions = ["what color is the circle?", "describe the image."]
        let file = ShapesModel.folder.appendingPathComponent("eval/images/000.png")
        let latents = try await ImageQuestion(models.model(.f32)).latents(of: RGBImage(contentsOf: file))
        for source in [AnswerTrials.Source.file(file), .latents(latents)] {
            let sample = AnswerTrials.Sample(image: source, questions: questions)
            let trials = AnswerTrials(models, exact: .f32, images: [.search: [sample]], maxTokens: 16)
            try await trials.prepare(.search, count: 1)
            func run(_ scale: String) async throws -> Measured {
                var candidate = Candidate.exact(.f32)
                candidate.changes = ["reading.scale": scale]
                return try #require(try await trials.run(candidate, .search, [0]).first)
            }
            let (exact, same, half) = (try await trials.exact(.search, 0), try await run("1"), try await run("0.4"))
            #expect(same.loss < 0.01 && same.flops == exact.flops)
            #expect(half.loss > 0 && 2 * half.flops < exact.flops)
            // Seconds may be any on a busy machine, but are no less than nothing with the VAE's.
            let constant = await trials.constantSeconds
            if case .file = source { #expect(constant > 0) } else { #expect(constant == 0) }
            #expect(half.seconds + constant > 0)
        }
    }
}
