import Compute
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

/// Same seed, same options, same machine: identical bytes.
@Suite struct DeterminismTests {
    static let ids: [[Int]] = [[3, 17, 250, 9, 41], [7, 8], [100, 200, 300, 400, 12, 13, 14]]

    static func nano(_ seed: UInt64, _ prompts: [[Int]], guidance: Float = 5) -> TextToImage.Request {
        .init(prompts: prompts.map { .ids($0) }, steps: 5, guidance: guidance, timeShift: 3, seed: seed, decode: false)
    }

    static func latents(
        _ folder: URL, _ precision: Precision, threads: Int, _ request: TextToImage.Request
    ) async throws -> [[Float]] {
        let model = try await UnifiedModel.load(folder, precision: precision, threads: threads)
        return try await TextToImage(model).images(request).map { $0.latents.floats() }
    }

    @Test(arguments: Precision.allCases)
    func latentsRunAfterRunAndAtAnyThreadCount(precision: Precision) async throws {
        let folder = Golden.model("nano")
        let request = Self.nano(3, Self.ids)
        let first = try await Self.latents(folder, precision, threads: 1, request)
        #expect(first.count == 3 && Set(first).count == 3)
        for threads in [1, 2, 3] {
            let same = try await Self.latents(folder, precision, threads: threads, request) == first
            #expect(same, "\(threads) threads")
        }
        #expect(try await Self.latents(folder, precision, threads: 2, Self.nano(4, Self.ids)) != first)
    }

    /// The embedded model, pixels and answers included.
    @Test(arguments: Precision.allCases)
    func imagesAndAnswersAtAnyThreadCount(precision: Precision) async throws {
        var images: [RGBImage] = []
        var answers: [[Int]] = []
        for threads in [1, 2, 3, 2] {
            let model = try await UnifiedModel.load(ShapesModel.folder, precision: precision, threads: threads)
            let drawn = try await TextToImage(model).images(.init(prompt: "a photo of a red circle", steps: 4, seed: 1))
            let image = try #require(drawn.first?.pixels)
            let asked = try await ImageQuestion(model).answers(
                .init(
                    image: image, questions: ["describe the image."], maxTokens: 8,
                    sampling: .init(temperature: 1, seed: 5)))
            images.append(image)
            answers += asked.map(\.tokens)
        }
        #expect(images.allSatisfy { $0.pixels == images[0].pixels })
        #expect(answers.count == 4 && answers.allSatisfy { $0 == answers[0] })
    }

    /// Image i of a batch is the single image of seed + i, bit by bit: no row's result depends on the rows beside it.
    @Test(arguments: Precision.allCases)
    func batchEqualsSingles(precision: Precision) async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: precision, threads: 2)
        let pipeline = TextToImage(model)
        let batch = try await pipeline.images(Self.nano(41, Self.ids))
        #expect(batch.map(\.seed) == [41, 42, 43])
        for (i, prompt) in Self.ids.enumerated() {
            let alone = try await pipeline.images(Self.nano(41 + UInt64(i), [prompt]))
            let same = alone.map { $0.latents.floats() } == [batch[i].latents.floats()]
            #expect(same, "image \(i)")
        }
    }

    /// One prompt of one id is three rows, two are six: the same bits of the first image, on the embedded model without guidance.
    @Test(arguments: Precision.allCases)
    func oneImageAndTheFirstOfTwo(precision: Precision) async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: precision, threads: 2)
        func latents(_ count: Int) async throws -> [[Float]] {
            try await TextToImage(model).images(
                .init(
                    prompts: Array(repeating: .ids([64]), count: count), steps: 4, guidance: 0, seed: 41, decode: false)
            ).map { $0.latents.floats() }
        }
        let (one, two, five) = (try await latents(1), try await latents(2), try await latents(5))
        let same = one[0] == two[0] && one[0] == five[0] && two[1] == five[1]
        #expect(same && two[0] != two[1], "\(relativeError(two[0], one[0])) apart")
    }

    /// Seeds wrap around.
    @Test func seedsBeyondTheLargest() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 2)
        let batch = try await TextToImage(model).images(Self.nano(.max, Array(Self.ids.prefix(2))))
        #expect(batch.map(\.seed) == [.max, 0])
    }

    /// Guidance 0 and 1 both mean the conditional branch alone.
    @Test func guidanceZeroAndOneAreTheConditionalField() async throws {
        let model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 2)
        let pipeline = TextToImage(model)
        let prompts = Array(Self.ids.prefix(1))
        let denoising = try Denoising(
            model: model.network, special: model.specialTokens(), prompts: prompts,
            schedule: FlowSchedule(steps: 5, timeShift: 3), grid: model.geometry.grid, guided: false)
        let latents = Tensor(
            TextToImage.noise(seed: 9, shape: Array(denoising.latentShape.dropFirst())), shape: denoising.latentShape)
        for step in 0..<denoising.schedule.evaluations {
            let conditional = try denoising.branches(latents, step: step)
            latents.add(conditional, times: denoising.schedule.interval(step))
        }
        for guidance: Float in [0, 1, -2] {
            let drawn = try await pipeline.images(Self.nano(9, prompts, guidance: guidance))
            let same = drawn.map { $0.latents.floats() } == [latents.floats()]
            #expect(same, "guidance \(guidance)")
        }
        #expect(try await pipeline.images(Self.nano(9, prompts, guidance: 2))[0].latents.floats() != latents.floats())
    }
}
