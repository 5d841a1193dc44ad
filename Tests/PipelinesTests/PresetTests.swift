import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

/// What the presets mean: cautious starts for a model that was not tuned, the tuned ones for one that was.
@Suite("Presets") struct PresetTests {
    /// A copy of the embedded model's folder without what tuning found, links to its files.
    static func untuned() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("untuned-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for file in ModelFiles.all(in: ShapesModel.folder) {
            try FileManager.default.createSymbolicLink(
                at: folder.appendingPathComponent(file.lastPathComponent), withDestinationURL: file)
        }
        return folder
    }

    @Test("The starts prune nothing, need no calibration, and take a multistep solver on fewer points")
    func starts() throws {
        for profile in [AccelerationProfile.balanced, .fast] {
            for task in Calibration.Task.allCases { #expect(!profile.needsCalibration(for: task)) }
            #expect(
                profile.schedule.sampler == .ab2 && profile.schedule.stepsFactor < 1 && profile.tokens.dropRatio == 0)
            #expect(profile.velocityCache.policy == .easyCache && profile.isStart)
        }
        #expect(!AccelerationProfile.off.isStart && !AccelerationProfile.paper.isStart)
    }

    @Test("Both starts draw with fewer operations, fast with the least, and near the exact engine's image")
    func drawing() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder)
        func draw(_ profile: AccelerationProfile) async throws -> TextToImage.Drawn {
            let request = TextToImage.Request(prompts: [.text("two red circles")], decode: false, profile: profile)
            return try await TextToImage(model).images(request)[0]
        }
        let (dense, balanced, fast) = try await (draw(.off), draw(.balanced), draw(.fast))
        #expect(Double(dense.timings.flops) / Double(balanced.timings.flops) > 1.5)
        #expect(fast.timings.flops < balanced.timings.flops)
        #expect(LatentError.relative(balanced.latents.floats(), dense.latents.floats()) < 0.15)
    }

    @Test("A name is the tuned profile on the very weights that it was tuned for, and a start with a note on others")
    func resolution() throws {
        let folder = try Self.untuned()
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = try ModelFolder(folder)
        let start = try #require(try model.profile(named: "balanced"))
        #expect(start.profile == .balanced && start.entry == nil && start.note?.contains("flashu tune") == true)
        #expect(try model.profile(named: "off")?.note == nil && model.profile(named: "nonesuch") == nil)

        var own = AccelerationProfile.off
        (own.name, own.schedule.stepsFactor) = ("balanced", 0.25)
        let finding = TunedProfiles.Finding(
            precision: "int8", limit: 1, loss: .init(of: [0, 1, 2]), judge: "alignment", speedup: 3, seconds: 1,
            exactSeconds: 3)
        var tuned = TunedProfiles(
            model: ContentFingerprint.of(model: folder), calibration: ContentFingerprint.of(calibration: folder),
            threads: 2,
            profiles: ["balanced": .init(profile: own, generation: finding)])
        try tuned.write(to: folder)
        #expect(try TunedProfiles(folder: folder) == tuned)
        let found = try #require(try ModelFolder(folder).profile(named: "balanced"))
        #expect(found.profile == own && found.entry?.generation == finding && found.note == nil)
        // What was not tuned is what it was.
        #expect(try ModelFolder(folder).profile(named: "fast")?.profile == .fast)

        tuned.model = "0123456789abcdef"
        try tuned.write(to: folder)
        let other = try #require(try ModelFolder(folder).profile(named: "balanced"))
        #expect(other.profile == .balanced && other.note?.contains("other weights") == true)

        try Data("{]".utf8).write(to: folder.appendingPathComponent(TunedProfiles.fileName))
        #expect(throws: ProfileError.self) { try ModelFolder(folder).profile(named: "balanced") }
    }
}
