import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

@Suite struct SchedulerTests {
    static func drawing(steps: Int) -> TextToImage.Request {
        .init(prompts: [.ids([3, 17, 250])], steps: steps, guidance: 5, seed: 1, decode: false)
    }

    /// A job that could never fit is refused with both numbers, and leaves no trace.
    @Test func refusesWhatDoesNotFit() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let job = try Drawing(Self.drawing(steps: 4), on: model) { _ in }
        #expect(job.estimate.total > 0)
        await model.scheduler.limit(memory: job.estimate.total - 1)
        await #expect(throws: ModelError.memory(needed: job.estimate.total, available: job.estimate.total - 1)) {
            try await TextToImage(model).images(Self.drawing(steps: 4))
        }
        await model.scheduler.limit(memory: job.estimate.total)
        #expect(try await TextToImage(model).images(Self.drawing(steps: 4)).count == 1)
        #expect(await model.scheduler.jobs == 0)
    }

    /// Jobs that do not fit together wait for each other, and all are done.
    @Test func waitsForMemory() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let one = try Drawing(Self.drawing(steps: 4), on: model) { _ in }.estimate.total
        await model.scheduler.limit(memory: one * 3 / 2)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for steps in 4..<10 {
                group.addTask { try await TextToImage(model).images(Self.drawing(steps: steps)).count }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 6)
    }

    /// A question that comes while images are drawn does not wait for them.
    @Test func questionsGoBeforeDrawings() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let golden = try Golden("shapes_mmu")
        let name = try #require(golden.tensors.names.first { $0.hasPrefix("latents.") })
        let request = ImageQuestion.Request(
            sources: [.latents(try golden[name])], questions: [.text("what color is the circle?")], maxTokens: 4)
        let drawing = TextToImage.Request(prompt: "a red circle", count: 40, steps: 200)
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for try await event in TextToImage(model).generate(drawing) {
                if case .step(let step) = event, step.done > 8 { signal.yield() }
            }
        }
        for await _ in begun { break }
        #expect(try await ImageQuestion(model).answers(request).count == 1)
        // The drawing has a thousand evaluations to go.
        #expect(await model.scheduler.jobs == 1)
        task.cancel()
        _ = try? await task.value
    }

    /// A job of little weight goes on beside many of more.
    @Test func nobodyStarves() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let others = (0..<4).map { _ in
            Task { _ = try await TextToImage(model).images(Self.drawing(steps: 10_000)) }
        }
        try await Task.sleep(for: .milliseconds(30))
        let request = Self.drawing(steps: 40)
        try await model.scheduler.run(weight: 0.25) { try Drawing(request, on: model) { _ in } }
        for other in others { other.cancel() }
        for other in others { _ = try? await other.value }
        #expect(await model.scheduler.jobs == 0)
    }

    /// What was asked for wrongly is said before anything runs, whoever asks.
    @Test func requestsAreCheckedWhereTheyEnter() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let latents = try Golden("mmu_image_nano")["image_latents"]
        for tokens in [0, -1, .min, .max, 40_000] {
            let request = ImageQuestion.Request(
                sources: [.latents(latents)], questions: [.ids([5, 6])], prefix: [501], maxTokens: tokens)
            await #expect(throws: ModelError.self) { try await ImageQuestion(model).answers(request) }
        }
        for count in [0, -3, .min, .max] {
            let request = TextToImage.Request(prompt: "a", count: count)
            await #expect(throws: ModelError.self) { try await TextToImage(model).images(request) }
        }
        for size in [-16, 0, 8, 1 << 40, Int.max] {
            let request = TextToImage.Request(prompts: [.ids([1])], width: size, height: size, decode: false)
            await #expect(throws: ModelError.self) { try await TextToImage(model).images(request) }
        }
    }
}
