import Compute
import FlashUTesting
import Foundation
import Pipelines
import Testing

/// Work stops when nobody wants it any more. A model runs one request at a time, so that a request which finishes early
/// proves that the one before has stopped.
@Suite struct CancellationTests {
    static func long(_ steps: Int = 10_000) -> TextToImage.Request {
        .init(
            prompts: Array(repeating: .ids([3, 17, 250]), count: 3), steps: steps, guidance: 5, seed: 1, decode: false)
    }

    /// Seconds that a run of `steps` points takes on `model`.
    static func seconds(_ model: UnifiedModel, steps: Int) async throws -> Double {
        let start = ContinuousClock.now
        _ = try await TextToImage(model).images(long(steps))
        return (ContinuousClock.now - start) / .seconds(1)
    }

    /// How long one evaluation may take once the run before it has stopped, if 39 took `short` seconds: far less than the 9,999
    /// that were cancelled, and enough for a machine that other tests keep busy.
    static func patience(_ short: Double) -> Double { max(5 * short, 5) }

    @Test func cancellingTheTaskThrows() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let short = try await Self.seconds(model, steps: 40)
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for try await event in TextToImage(model).generate(Self.long()) {
                if case .step(let step) = event, step.done == 3 { signal.yield() }
            }
            try Task.checkCancellation()
        }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await Self.seconds(model, steps: 2) < Self.patience(short))
    }

    @Test func imagesThrowsWhenCancelled() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let task = Task { try await TextToImage(model).images(Self.long()) }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// A request that was cancelled before its turn came runs nothing.
    @Test func cancelledBeforeItStarts() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await TextToImage(model).images(Self.long())
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func droppingTheIteratorStopsTheWork() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let short = try await Self.seconds(model, steps: 40)
        var steps = 0
        for try await _ in TextToImage(model).generate(Self.long()) {
            steps += 1
            if steps == 3 { break }
        }
        #expect(try await Self.seconds(model, steps: 2) < Self.patience(short))
    }

    @Test func droppedQuestionsStop() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 1)
        let golden = try Golden("mmu_image_nano")
        func request(_ questions: Int) throws -> ImageQuestion.Request {
            .init(
                sources: [.latents(try golden["image_latents"])],
                questions: Array(repeating: .ids([5, 6]), count: questions),
                prefix: [501], maxTokens: 4)
        }
        let start = ContinuousClock.now
        _ = try await ImageQuestion(model).answers(request(10))
        let short = ContinuousClock.now - start
        for try await event in try ImageQuestion(model).ask(request(5000)) {
            if case .answer = event { break }
        }
        let again = ContinuousClock.now
        _ = try await ImageQuestion(model).answers(request(10))
        #expect(ContinuousClock.now - again < max(short * 100, .seconds(5)))
    }
}
