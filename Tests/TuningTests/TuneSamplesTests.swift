import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import Testing
import Tuning

/// The model's own drawings, where nobody gives images to ask about.
@Suite struct TuneSamplesTests {
    @Test("As few are drawn as must be when time is short, none twice, and what exists serves")
    func drawings() async throws {
        let work = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let folder = try ModelFolder(ShapesModel.folder)
        let settings = Tuner.Settings(
            prompts: (1...12).map { "a photo of \($0 % 2 == 0 ? "two red circles" : "a blue star")" }, questions: [],
            folder: work, budget: 60, precision: .f32)
        let samples = TuneSamples(settings)
        let models = TuneModels(folder, threads: 2)
        func images(within seconds: Double) async throws -> (counts: [Int], drawn: Int) {
            var drawn = 0
            let images = try await samples.images(models, settings, work, within: seconds) { _ in drawn += 1 }
            return (SampleSet.allCases.map { images[$0]?.count ?? 0 }, drawn)
        }
        // The exact engine's reference of the search's first prompt is there.
        let trials = DrawingTrials(models, exact: .f32, prompts: samples.prompts, folder: work, room: 0)
        try await trials.prepare(.search, count: 1)
        var found = try await images(within: 0)
        #expect(found.counts == [2, 2, 2])
        #expect(found.drawn == 5)
        // A run that goes on has them.
        found = try await images(within: 0)
        #expect(found.counts == [2, 2, 2])
        #expect(found.drawn == 0)
        found = try await images(within: 600)
        #expect(found.counts == [4, 4, 4])
        #expect(found.drawn == 6)
    }
}
