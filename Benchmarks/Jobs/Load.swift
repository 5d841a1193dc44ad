import ArgumentParser
import Foundation
import Pipelines
import ShowO2
import Tensors

/// Seconds to the first token of questions that come while four clients draw without pause: in the scheduler's turns, and in a queue that does one request
/// after the other, with the same work in the same run.
///
///     swift run -c release jobs load --geometry show-o2-1.5b --steps 20
struct Load: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option(help: "Clients that draw.") var drawers = 4
    @Option(help: "Images of each of them.") var images = 2
    @Option(help: "Points of the time grid of each image.") var steps = 12
    @Option(help: "Questions.") var questions = 20
    @Option(help: "Seconds between questions.") var pause = 1.0

    func run() async throws {
        let model = try await subject.model()
        _ = try await work(model, queue: nil, questions: 1, images: 1, steps: 2)
        let turns = try await work(model, queue: nil, questions: questions, images: images, steps: steps)
        let queued = try await work(
            model, queue: OneAtATime(), questions: questions, images: images, steps: steps)
        for (name, result) in [("turns", turns), ("one at a time", queued)] {
            print(
                String(
                    format: "%@: first token p50 %.2f s, p99 %.2f s; all work in %.1f s", name,
                    result.share(0.5), result.share(0.99), result.total))
        }
        print(
            String(
                format: "p50 %.1fx, p99 %.1fx sooner; total %+.1f %%", queued.share(0.5) / turns.share(0.5),
                queued.share(0.99) / turns.share(0.99), 100 * (turns.total / queued.total - 1)))
    }

    private struct Result {
        /// Seconds to each question's first token, rising.
        let seconds: [Double]
        /// Seconds for everything.
        let total: Double

        func share(_ share: Double) -> Double { seconds[min(seconds.count - 1, Int(Double(seconds.count) * share))] }
    }

    private func work(
        _ model: UnifiedModel, queue: OneAtATime?, questions: Int, images: Int, steps: Int
    ) async throws -> Result {
        let latents = model.blankImage
        let clock = ContinuousClock()
        let start = clock.now
        let seconds = try await withThrowingTaskGroup(of: Double?.self) { group in
            for drawer in 0..<drawers {
                group.addTask {
                    for image in 0..<images {
                        let request = TextToImage.Request(
                            prompts: [.ids(Array(repeating: 7, count: 20))], steps: steps,
                            seed: UInt64(drawer * images + image), decode: false)
                        let job = { @Sendable () async throws -> Void in
                            try await model.scheduler.run(client: "drawer \(drawer)") {
                                try Drawing(request, on: model) { _ in }
                            }
                        }
                        if let queue { try await queue.run(job) } else { try await job() }
                    }
                    return nil
                }
            }
            for question in 0..<questions {
                group.addTask { [pause] in
                    try await Task.sleep(for: .seconds(pause * Double(question)))
                    let asked = clock.now
                    let request = ImageQuestion.Request(
                        sources: [.latents(latents)], questions: [.ids(Array(repeating: 9, count: 20))],
                        prefix: Array(repeating: 8, count: 20), maxTokens: 1)
                    let job = { @Sendable () async throws -> Void in
                        try await model.scheduler.run(client: "asker \(question % 4)") {
                            try Answering(request, on: model) { _ in }
                        }
                    }
                    if let queue { try await queue.run(job) } else { try await job() }
                    return (clock.now - asked) / .seconds(1)
                }
            }
            return try await group.reduce(into: [Double]()) { all, one in if let one { all.append(one) } }
        }
        return Result(seconds: seconds.sorted(), total: (clock.now - start) / .seconds(1))
    }
}

/// Does one thing after the other, in order of arrival.
private actor OneAtATime {
    private var last: Task<Void, any Error>?

    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let before = last
        let task = Task {
            _ = try? await before?.value
            try await body()
        }
        last = task
        try await task.value
    }
}
