import Evaluation
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import Synchronization
import Testing

/// Runs of the embedded model on a few samples.
@Suite("ShapesBench", .serialized) struct ShapesBenchTests {
    let folder: TemporaryFolder
    var record: URL { folder["record.jsonl"] }

    init() throws { folder = try TemporaryFolder() }

    func bench() async throws -> ShapesBench { ShapesBench(try await UnifiedModel.load(Golden.shapes, threads: 1)) }

    func options(limit: Int, _ change: (inout ShapesBench.Options) -> Void = { _ in }) -> ShapesBench.Options {
        var options = ShapesBench.Options()
        options.limit = limit
        options.steps = 6
        options.record = record
        change(&options)
        return options
    }

    func lines() throws -> [String] {
        try String(contentsOf: record, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("A run goes on where the record stops, and ends with the same verdicts as one that was not interrupted")
    func resuming() async throws {
        let bench = try await bench()
        let whole = try await bench.generation(options(limit: 4) { $0.record = nil })
        #expect(whole.samples == 4 && whole.overall.count == 4 && whole.seconds > 0 && whole.flops > 0)
        #expect(whole.tasks.values.reduce(0) { $0 + $1.count } == 4)

        // Cancelled at the second verdict: what was recorded stays.
        let task = Task {
            try await bench.generation(options(limit: 4)) { progress in
                if progress.done == 2 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let kept = try lines()
        #expect(kept.count == 3)  // settings and two verdicts

        // Another process died in the middle of a line.
        try Data((kept.joined(separator: "\n") + "\n{\"index\":2,\"ri").utf8).write(to: record)
        let done = Mutex<[Int]>([])
        let rest = try await bench.generation(options(limit: 4)) { progress in
            #expect(progress.total == 2)
            done.withLock { $0.append(progress.sample.index) }
        }
        #expect(done.withLock { $0 } == [2, 3])
        #expect(try lines().count == 5 && lines().prefix(3) == kept.prefix(3))
        #expect(rest.overall == whole.overall && rest.tasks == whole.tasks && rest.flops == whole.flops)

        // All is there: nothing runs.
        let again = try await bench.generation(options(limit: 4)) { _ in Issue.record("ran again") }
        #expect(again == rest)
    }

    @Test("A run is compared with the record of another one of the same samples, and with nothing else")
    func comparing() async throws {
        let bench = try await bench()
        let first = try await bench.generation(options(limit: 3))
        #expect(first.against == nil)
        // Fewer steps are another run of the same samples; a pair that only one has does not count.
        let other = try await bench.generation(
            options(limit: 2) { options in
                (options.record, options.against, options.steps) = (nil, record, 4)
            })
        let against = try #require(other.against)
        let right = try lines()[1...2].map { $0.contains("\"right\":true") }
        #expect(against.count == 2 && against.gained - against.lost == other.overall.right - right.count { $0 })
        await #expect(throws: BenchError.self) {
            _ = try await bench.generation(
                options(limit: 1) { options in (options.record, options.against, options.seed) = (nil, record, 7) })
        }
        await #expect(throws: BenchError.self) {
            _ = try await bench.understanding(
                options(limit: 1) { options in (options.record, options.against, options.steps) = (nil, record, nil) })
        }
        await #expect(throws: BenchError.self) {
            _ = try await bench.generation(
                options(limit: 1) { options in
                    (options.record, options.against) = (nil, folder["none.jsonl"])
                })
        }
    }

    @Test("A record of other settings, or another file, is refused and stays as it is")
    func refusing() async throws {
        let bench = try await bench()
        _ = try await bench.generation(options(limit: 1))
        let before = try Data(contentsOf: record)
        for change: @Sendable (inout ShapesBench.Options) -> Void in [
            { $0.steps = 7 }, { $0.seed = 1 }, { $0.guidance = 1 }, { $0.profile.headCache.interval = 2 },
        ] {
            await #expect(throws: BenchError.self) { try await bench.generation(options(limit: 1, change)) }
        }
        await #expect(throws: BenchError.self) { try await bench.understanding(options(limit: 1)) }
        let other = [ShapesPrompt(task: "t", prompt: "a cat", include: [.init(shape: "cat")])]
        await #expect(throws: BenchError.self) { try await bench.generation(other, options(limit: 1)) }
        #expect(try Data(contentsOf: record) == before)
        for foreign in ["my notes", "my notes\n", "{\"settings\":{}}\n", "\n\n"] {
            try Data(foreign.utf8).write(to: record)
            await #expect(throws: BenchError.self) { try await bench.generation(options(limit: 1)) }
            #expect(try Data(contentsOf: record) == Data(foreign.utf8))
        }
        try (before + Data("{}\n".utf8)).write(to: record)
        await #expect(throws: BenchError.self) { try await bench.generation(options(limit: 1)) }
    }

    @Test("An image is read and counted once; answers are those of ImageQuestion")
    func understanding() async throws {
        let bench = try await bench()
        let questions = Array(try bench.set.questions().prefix(8))  // five on the first image, three on the second
        let whole = try await bench.understanding(questions, options(limit: 8) { $0.record = nil })
        _ = try await bench.understanding(options(limit: 3))
        let samples = Mutex<[BenchSample]>([])
        let report = try await bench.understanding(options(limit: 8)) { progress in
            samples.withLock { $0.append(progress.sample) }
        }
        #expect(report.flops == whole.flops && report.overall == whole.overall)
        let asked = samples.withLock { $0 }
        #expect(asked.map(\.index) == [3, 4, 5, 6, 7])
        #expect(asked.map { $0.imageFlops != nil } == [false, false, true, false, false])
        #expect(try lines().count == 9)
        for sample in asked {
            let question = questions[sample.index]
            let request = ImageQuestion.Request(
                image: try .init(contentsOf: bench.set.folder.appendingPathComponent(question.image)),
                questions: [question.question])
            let answer = try await ImageQuestion(bench.model).answers(request)[0].text
            #expect(sample.output == answer && sample.right == (answer == question.answer))
        }
    }

    @Test("No samples, no trouble")
    func nothing() async throws {
        let bench = try await bench()
        let report = try await bench.generation(options(limit: -1) { $0.record = nil })
        #expect(report.samples == 0 && report.tasks.isEmpty && report.overall.count == 0)
    }

    @Test("Acceleration costs fewer operations and is told in the report")
    func profile() async throws {
        let bench = try await bench()
        let plain = options(limit: 1) { $0.record = nil }
        var fast = plain
        fast.profile.headCache.interval = 3
        fast.profile.tokens.dropRatio = 0.5
        let (dense, cached) = (try await bench.generation(plain), try await bench.generation(fast))
        #expect(cached.flops < dense.flops && cached.settings.profile == fast.profile)
        let (all, pruned) = (try await bench.understanding(plain), try await bench.understanding(fast))
        #expect(pruned.flops < all.flops)
        fast.profile.headCache.interval = 0
        await #expect(throws: ProfileError.self) { try await bench.generation(fast) }
    }

    @Test(
        "A set that makes no sense is refused with the line",
        arguments: [
            "", "{}", "{\"tag\":\"a\",\"prompt\":\"p\",\"include\":[{\"class\":\"star\",\"count\":0}]}",
            "{\"tag\":\"a\",\"prompt\":\"p\",\"include\":[{\"class\":\"star\",\"count\":1,\"position\":[\"above\",0]}]}",
            "{\"tag\":\"a\",\"prompt\":\"p\",\"include\":[{\"class\":\"star\",\"count\":1,\"position\":[\"near\",0]}]}",
        ])
    func badSets(line: String) throws {
        #expect(throws: BenchError.self) { try ShapesSet(folder: folder.url).prompts() }
        try Data("\(line)\n".utf8).write(to: folder["prompts.jsonl"])
        #expect(throws: BenchError.self) { try ShapesSet(folder: folder.url).prompts() }
    }
}
