import ArgumentParser
import Benchmarking
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors

/// What jobs promise at true size, on random weights: batched decoding, the first token beside a drawing, how soon a cancelled job stops, and
/// estimates of memory.
///
///     swift run -c release jobs decode --geometry show-o2-1.5b --sequences 8
@main
struct Jobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure batched decoding and drawing, fairness, cancellation, kept contexts and memory estimates.",
        subcommands: [
            Decode.self, FirstToken.self, Cancel.self, Memory.self, Load.self, SecondQuestion.self, Together.self,
        ])
}

struct Subject: ParsableArguments {
    @Option(
        help: "A geometry that `flashu bench` knows, with random weights, or a model's folder, such as Models/shapes.")
    var geometry = "show-o2-1.5b"
    @Option(help: "Of weights and products.")
    var precision = "bf16"

    func model() async throws -> UnifiedModel {
        guard let precision = Precision(rawValue: precision) else { throw ValidationError("unknown precision") }
        if let known = ShowO2Geometry.known[geometry] {
            return try UnifiedModel(random: known, compute: CPUCompute(precision: precision))
        }
        guard FileManager.default.fileExists(atPath: geometry) else {
            throw ValidationError("there is no geometry and no folder \(geometry)")
        }
        return try await UnifiedModel.load(ModelFolder(URL(fileURLWithPath: geometry)), precision: precision)
    }
}

/// Tokens a second of several sequences together, against one alone, in turns.
struct Decode: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option var sequences = 8
    @Option(help: "Tokens read before.") var context = 600
    @Option var repeats = 12

    func run() async throws {
        let model = try await subject.model()
        let special = try model.specialTokens()
        func sequence(_ i: Int) throws -> TokenSequence {
            let sequence = try TokenSequence(model: model.network, special: special)
            try SequenceReader(sequence).read([.text(Array(repeating: 10 + i, count: context + 17 * i))])
            return sequence
        }
        let all = try (0..<sequences).map(sequence)
        let batch = DecodeBatch()
        let clock = ContinuousClock()
        func seconds(_ count: Int) throws -> Double {
            try clock.measure { _ = try batch.logits(after: all.prefix(count).map { ($0, 10) }) } / .seconds(1)
        }
        _ = try (seconds(1), seconds(sequences))
        var (one, many): ([Double], [Double]) = ([], [])
        for _ in 0..<repeats {
            one.append(try seconds(1))
            many.append(try seconds(sequences))
        }
        let (a, b) = (one.median, many.median)
        print(
            String(
                format: "one %.4f s a token; %d together %.4f s a pass; %.2fx the tokens a second", a, sequences, b,
                Double(sequences) * a / b))
    }
}

/// Seconds to the first token, alone and while an image is drawn.
struct FirstToken: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option var repeats = 3

    func run() async throws {
        let model = try await subject.model()
        let latents = model.blankImage
        let request = ImageQuestion.Request(
            sources: [.latents(latents)], questions: [.ids(Array(repeating: 9, count: 20))],
            prefix: Array(repeating: 8, count: 20), maxTokens: 2)
        let clock = ContinuousClock()
        func seconds() async throws -> Double {
            let start = clock.now
            for try await event in ImageQuestion(model).ask(request) { if case .answer = event { break } }
            return (clock.now - start) / .seconds(1)
        }
        _ = try await seconds()
        var (alone, beside): ([Double], [Double]) = ([], [])
        for _ in 0..<repeats {
            alone.append(try await seconds())
            let drawing = Task {
                for try await _ in TextToImage(model).generate(
                    .init(prompts: [.ids(Array(repeating: 7, count: 20))], steps: 500, decode: false))
                {}
            }
            try await Task.sleep(for: .seconds(2))
            beside.append(try await seconds())
            drawing.cancel()
            _ = try? await drawing.value
        }
        print(
            String(
                format: "two tokens alone %.2f s, beside a drawing %.2f s: %.2fx", alone.median, beside.median,
                beside.median / alone.median))
    }
}

/// Seconds from cancelling to the end of the job's work, at random moments of a drawing and of a prefill.
struct Cancel: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option var repeats = 8

    func run() async throws {
        let model = try await subject.model()
        let latents = model.blankImage
        let clock = ContinuousClock()
        var most: [String: [Double]] = [:]
        for i in 0..<repeats {
            for (name, work) in [
                (
                    "drawing",
                    { @Sendable in
                        _ = try await TextToImage(model).images(
                            .init(prompts: [.ids(Array(repeating: 7, count: 20))], steps: 50, decode: false))
                    }
                ),
                (
                    "question",
                    { @Sendable in
                        _ = try await ImageQuestion(model).answers(
                            .init(sources: [.latents(latents)], questions: [.ids([9, 9])], prefix: [8]))
                    }
                ),
            ] as [(String, @Sendable () async throws -> Void)] {
                let task = Task(operation: work)
                try await Task.sleep(for: .milliseconds(400 + 370 * i))
                let start = clock.now
                task.cancel()
                _ = try? await task.value
                // The scheduler's thread is free when it answers.
                _ = await model.scheduler.jobs
                most[name, default: []].append((clock.now - start) / .seconds(1))
            }
        }
        for (name, seconds) in most.sorted(by: { $0.key < $1.key }) {
            print(
                String(format: "%@: cancelled within %.3f s (median %.3f s)", name, seconds.max() ?? 0, seconds.median))
        }
    }
}

/// The estimate of one job and what the process grew by. One job a process: memory that was given back is not all returned.
struct Memory: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Flag(help: "An image question instead of a drawing.") var ask = false
    @Option(help: "Pixels a side of the drawing.") var size: Int?
    @Option var count = 1
    @Option(help: "The acceleration profile.") var accelerate = "off"

    func run() async throws {
        let model = try await subject.model()
        let geometry = model.geometry
        var profile = try AccelerationProfile.named(accelerate)
        (profile.ffn.generationRatio, profile.ffn.understandingRatio) = (0, 0)
        SystemMemory.resetPeak()
        let before = SystemMemory.resident
        let estimate: MemoryEstimate
        if ask {
            let (width, height) = geometry.readingSize
            let image = try RGBImage(
                planar: [Float](repeating: 0.25, count: 3 * width * height), width: width, height: height)
            let request = ImageQuestion.Request(
                sources: [.image(image)], questions: [.ids(Array(repeating: 9, count: 40))],
                prefix: Array(repeating: 8, count: 20), maxTokens: 50, profile: profile)
            estimate = try Answering(request, on: model) { _ in }.estimate
            _ = try await ImageQuestion(model).answers(request)
        } else {
            let request = TextToImage.Request(
                prompts: Array(repeating: .ids(Array(repeating: 7, count: 20)), count: count), steps: 6, width: size,
                height: size, profile: profile)
            estimate = try Drawing(request, on: model) { _ in }.estimate
            _ = try await TextToImage(model).images(request)
        }
        let used = SystemMemory.peak - before
        print(
            String(
                format: "estimated %.0f MB, used %.0f MB: %.3f", Double(estimate.total) / 1e6, Double(used) / 1e6,
                Double(estimate.total) / Double(used)))
        print(String(decoding: try JSONEncoder().encode(estimate), as: UTF8.self))
    }
}

extension UnifiedModel {
    /// Latents of an image as it is read: `[1, channels, height, width]` of zeros.
    var blankImage: Tensor {
        let grid = geometry.readingGrid
        return Tensor(zeros: [
            1, geometry.latentChannels, grid.height * geometry.patch, grid.width * geometry.patch,
        ])
    }
}
