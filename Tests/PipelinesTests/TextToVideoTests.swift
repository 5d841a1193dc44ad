import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

@Suite struct TextToVideoTests {
    private func run(_ request: TextToVideo.Request, _ model: UnifiedModel) async throws
        -> (frames: [RGBImage], drawn: TextToImage.Drawn)
    {
        var frames: [RGBImage] = []
        var drawn: TextToImage.Drawn?
        for try await event in TextToVideo(model).generate(request) {
            switch event {
            case .step: break
            case .frame(let frame):
                #expect(frame.index == frames.count && frame.count == request.frames && drawn == nil)
                frames.append(frame.pixels)
            case .video(let video): drawn = video
            }
        }
        guard let drawn else { throw CancellationError() }
        return (frames, drawn)
    }

    private func drawing(steps: Int = 4, profile: AccelerationProfile = .off) -> TextToImage.Request {
        .init(prompt: "a red circle", steps: steps, seed: 3, width: 64, height: 48, profile: profile)
    }

    @Test func frames() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let one = try await run(.init(drawing(), frames: 5), model)
        #expect(one.frames.count == 5 && one.frames.allSatisfy { $0.width == 64 && $0.height == 48 })
        #expect(one.drawn.latents.shape == [2, 16, 6, 8] && one.drawn.pixels == nil)
        // The same again, from the noise that its seed makes, in either form.
        let again = try await run(.init(drawing(), frames: 5), model)
        #expect(again.frames == one.frames)
        // A video of one frame is the image.
        let still = try await run(.init(drawing(), frames: 1), model)
        let image = try await TextToImage(model).images(drawing())[0]
        #expect(still.frames == [try #require(image.pixels)])
        #expect(still.drawn.latents.floats() == image.latents.floats())
    }

    /// The first frame is the given picture's, whatever the solver; the others are drawn.
    @Test(arguments: Sampler.Kind.allCases)
    func firstFrame(sampler: Sampler.Kind) async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let picture = try #require(try await TextToImage(model).images(drawing(steps: 8))[0].pixels)
        var profile = AccelerationProfile.off
        profile.schedule.sampler = sampler
        let film = try await run(.init(drawing(profile: profile), frames: 9, firstFrame: picture), model)
        #expect(film.frames.count == 9)
        let latents = film.drawn.latents
        let planar = Tensor(picture.normalizedPlanar(), shape: [3, 48, 64])
        let expected = try model.vae().encode(planar).mean.floats()
        #expect(latents.rows(0..<1).floats() == expected)
        #expect(latents.rows(1..<2).floats() != expected)
        // What is decoded first is what the picture alone would be.
        let alone = try model.vae().decode(Tensor(expected, shape: [16, 6, 8]))
        #expect(film.frames[0] == (try RGBImage(planar: alone.floats(), width: 64, height: 48)))
    }

    /// Everything that is tuned on images runs, and several videos at once are what they are alone.
    @Test func acceleratedAndSeveral() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        var request = drawing(steps: 12, profile: .paper)
        request.prompts = [.text("a red circle"), .text("a blue star")]
        var frames: [Int: [RGBImage]] = [:]
        for try await event in TextToVideo(model).generate(.init(request, frames: 5)) {
            if case .frame(let frame) = event { frames[frame.video, default: []].append(frame.pixels) }
        }
        #expect(frames[0]?.count == 5 && frames[1]?.count == 5 && frames[0] != frames[1])
    }

    @Test func givenNoise() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        var random = SeededRandom(seed: 2)
        let noise = random.tensor([2, 16, 6, 8])
        var request = drawing()
        request.decode = false
        request.noise = noise
        let flat = try await run(.init(request, frames: 5), model).drawn.latents.floats()
        request.noise = noise.reshaped([1, 2, 16, 6, 8])
        #expect(try await run(.init(request, frames: 5), model).drawn.latents.floats() == flat)
        request.noise = noise.reshaped([2, 16, 8, 6])
        await #expect(throws: ModelError.self) { try await run(.init(request, frames: 5), model) }
    }

    @Test func refusals() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 1)
        let folder = try ModelFolder(ShapesModel.folder)
        let picture = try RGBImage(width: 16, height: 16, filledWith: (1, 2, 3))
        for request in [
            TextToVideo.Request(drawing(), frames: 6), .init(drawing(), frames: 0), .init(drawing(), frames: .max),
            .init(drawing(), frames: 1 << 20 + 1), .init(drawing(), frames: 5, firstFrame: picture),
            .init(drawing(), frames: 1, firstFrame: picture), .init(drawing(), frames: 16_001),
        ] {
            await #expect(throws: ModelError.self) { try await run(request, model) }
            #expect(throws: ModelError.self) { try folder.check(request) }
        }
        try folder.check(.init(drawing(), frames: 5))
        // Memory is refused with both numbers.
        await model.scheduler.limit(memory: 1 << 20)
        let error = await #expect(throws: ModelError.self) { try await run(.init(drawing(), frames: 5), model) }
        guard case .memory(let needed, 1 << 20) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(needed > 1 << 20)
    }

    @Test func cancelled() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 1)
        let request = TextToVideo.Request(drawing(steps: 1000), frames: 9)
        let task = Task { try await run(request, model) }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        for _ in 0..<100 where await model.scheduler.jobs > 0 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(await model.scheduler.jobs == 0)
    }
}
