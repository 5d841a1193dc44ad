import Compute
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import Testing
import Tuning
import Videos

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

    /// The search's first sample, with some fields changed.
    func run(_ trials: AnswerTrials, _ changes: [String: String]) async throws -> Measured {
        var candidate = Candidate.exact(.f32)
        candidate.changes = changes
        return try #require(try await trials.run(candidate, .search, [0]).first)
    }

    @Test("A smaller image saves the VAE's time as well, of files; what was drawn is made smaller, too")
    func smaller() async throws {
        let folder = try ModelFolder(ShapesModel.folder)
        let models = TuneModels(folder, threads: 2)
        let questions = ["what color is the circle?", "describe the image."]
        let file = ShapesModel.folder.appendingPathComponent("eval/images/000.png")
        let latents = try await ImageQuestion(models.model(.f32)).latents(of: RGBImage(contentsOf: file))
        for source in [AnswerTrials.Source.image(file), .latents(latents)] {
            let sample = AnswerTrials.Sample(source, questions: questions)
            let trials = AnswerTrials(models, exact: .f32, samples: [.search: [sample]], maxTokens: 16, room: 0)
            try await trials.prepare(.search, count: 1)
            let exact = try await trials.exact(.search, 0)
            let same = try await run(trials, ["reading.scale": "1"])
            let half = try await run(trials, ["reading.scale": "0.4"])
            #expect(same.loss < 0.01 && same.flops == exact.flops)
            #expect(half.loss > 0 && 2 * half.flops < exact.flops)
        }
    }

    @Test("Videos are tried with what does not change left out, frames kept or read again", arguments: [0, 1 << 30])
    func videos(room: Int) async throws {
        let models = TuneModels(try ModelFolder(ShapesModel.folder), threads: 2)
        let film = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).mp4")
        defer { try? FileManager.default.removeItem(at: film) }
        let pictures = try [0, 0, 1, 1].map {
            try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/00\($0).png"))
        }
        try await VideoWriter(.mp4, framesPerSecond: 4).write(
            AsyncStream { stream in
                for picture in pictures { stream.yield(picture) }
                stream.finish()
            }, to: film)
        let sample = AnswerTrials.Sample(
            .video(film), questions: ["what color is the circle?", "is there a blue square?"])
        let trials = AnswerTrials(
            models, exact: .f32, samples: [.search: [sample]], frames: 4, maxTokens: 4, room: room)
        try await trials.prepare(.search, count: 1)
        let exact = try await trials.exact(.search, 0)
        let same = try await run(trials, ["frameCache.threshold": "0"])
        let all = try await run(trials, ["frameCache.threshold": "1"])
        #expect(same.loss < 0.01 && same.flops == exact.flops && same.items == 2)
        #expect(2 * all.flops < exact.flops && all.answer?.divergence ?? 0 > 0)
    }
}
