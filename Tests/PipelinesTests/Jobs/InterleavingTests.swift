import Compute
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

/// Jobs that take turns on one engine, in whatever order, give the very bytes that each gives alone.
@Suite struct InterleavingTests {
    /// What a job gave: latents of images, tokens of answers.
    final class Outcome {
        var latents: [[Float]] = []
        var pixels: [[UInt8]] = []
        var tokens: [[Int]] = []

        func take(_ event: TextToImage.Event) {
            guard case .image(let image) = event else { return }
            latents.append(image.latents.floats())
            pixels.append(image.pixels.map { Array($0.pixels) } ?? [])
        }

        func take(_ event: ImageQuestion.Event) {
            if case .answer(let answer) = event { tokens.append(answer.tokens) }
        }

        func equals(_ other: Outcome) -> Bool {
            latents == other.latents && pixels == other.pixels && tokens == other.tokens
        }
    }

    static func drawing(_ i: Int) throws -> TextToImage.Request {
        let profiles: [AccelerationProfile] = [.off, .paper, .prunedMore]
        var request = TextToImage.Request(
            prompt: ["a photo of a red circle", "two yellow stars", "a green cross on blue"][i % 3],
            count: 1 + i % 2, steps: 4 + i, guidance: i % 3 == 2 ? 0 : 3.5, seed: UInt64(i),
            negativePrompt: i == 1 ? "a blue square" : nil, profile: profiles[i % 3])
        request.profile = try request.profile.setting("schedule.sampler", to: ["euler", "heun", "unipc"][i % 3])
        request.decode = i % 2 == 0
        return request
    }

    static func question(_ i: Int) throws -> ImageQuestion.Request {
        let golden = try Golden("shapes_mmu")
        let names = golden.tensors.names.filter { $0.hasPrefix("latents.") }.sorted()
        let sources = (0...i % 2).map { names[(i + $0) % names.count] }
        let profiles: [AccelerationProfile] = [.off, .prunedMore, .paper]
        return .init(
            sources: try sources.map { .latents(try golden[$0]) },
            questions: [.text("what color is the circle?"), .text("how many objects are there?")], maxTokens: 12,
            sampling: i == 3 ? SamplingOptions(temperature: 0.7, seed: 5) : .init(), profile: profiles[i % 3])
    }

    /// Six drawings and six questions.
    static func jobs(_ model: UnifiedModel) throws -> [(job: Job, outcome: Outcome)] {
        try (0..<12).map { i in
            let outcome = Outcome()
            let job: Job =
                i < 6
                ? try Drawing(drawing(i), on: model) { outcome.take($0) }
                : try Answering(question(i - 6), on: model) { outcome.take($0) }
            return (job, outcome)
        }
    }

    @Test(arguments: [Precision.bf16, .f32, .int8])
    func theVeryBytesOfEachAlone(precision: Precision) async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: precision, threads: 2)
        let alone = try Self.jobs(model).map { job, outcome in
            while !job.isDone { _ = try job.advance() }
            return outcome
        }
        #expect(
            alone.prefix(6).allSatisfy { !$0.latents.isEmpty } && alone.suffix(6).allSatisfy { $0.tokens.count == 2 })

        for seed in 0..<3 {
            var random = SeededRandom(seed: UInt64(seed))
            let batch = DecodeBatch()
            var running = try Self.jobs(model).enumerated().map { ($0.offset, $0.element.job, $0.element.outcome) }
            var cancelled: Set<Int> = []
            while !running.isEmpty {
                // A unit of some job, short or long; sometimes all waiting tokens together; sometimes one is given up.
                let waiting = running.filter { $0.1.stages.isEmpty && $0.1.waiting != nil }
                let groups = waiting.filter { $0.1.waiting?.plan == waiting[0].1.waiting?.plan }
                if groups.count > 1, random.next() % 2 == 0 {
                    for error in Job.decode(groups.map(\.1), batch) { #expect(error == nil) }
                } else {
                    let (i, job, _) = random.choose(running)
                    _ = try job.advance(for: random.choose([0, 0.002, 0.05]))
                    if cancelled.count < 3, random.next() % 150 == 0 {
                        cancelled.insert(i)
                        running.removeAll { $0.0 == i }
                    }
                }
                for (i, job, outcome) in running where job.isDone {
                    #expect(outcome.equals(alone[i]), "job \(i), seed \(seed)")
                }
                running.removeAll { $0.1.isDone }
            }
        }
    }

    /// The same through the scheduler, with tasks that are cancelled in the middle.
    @Test func throughTheScheduler() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let (drawer, asker) = (TextToImage(model), ImageQuestion(model))
        var drawn: [[[Float]]] = []
        var answered: [[[Int]]] = []
        for i in 0..<6 {
            drawn.append(try await drawer.images(Self.drawing(i)).map { $0.latents.floats() })
            answered.append(try await asker.answers(Self.question(i)).map(\.tokens))
        }
        let (alone, answers) = (drawn, answered)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 0..<6 {
                let (drawing, question) = (try Self.drawing(i), try Self.question(i))
                group.addTask {
                    let images = try await drawer.images(drawing).map { $0.latents.floats() }
                    #expect(images == alone[i], "drawing \(i)")
                }
                group.addTask {
                    let tokens = try await asker.answers(question).map(\.tokens)
                    #expect(tokens == answers[i], "question \(i)")
                }
                // One that nobody waits for.
                group.addTask {
                    for try await event in drawer.generate(drawing) { if case .step = event { break } }
                }
            }
            try await group.waitForAll()
        }
        #expect(await model.scheduler.jobs == 0)
    }
}
