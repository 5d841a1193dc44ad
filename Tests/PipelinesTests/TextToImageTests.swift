import Compute
import FlashUTesting
import Pipelines
import ShowO2
import Tensors
import Testing

@Suite struct TextToImageTests {
    static func request(_ count: Int, steps: Int = 3, noise: Tensor? = nil) -> TextToImage.Request {
        .init(
            prompts: (0..<count).map { .ids([3, 17, 5 + $0]) }, steps: steps, guidance: 5, timeShift: 3, seed: 70,
            noise: noise, decode: false)
    }

    static func model() async throws -> UnifiedModel {
        try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 2)
    }

    /// Thirty guided images of 2 x 37 rows are more than one batch of 2,048 rows: neither order nor results show it.
    @Test func manyImagesAreCutIntoBatches() async throws {
        let pipeline = TextToImage(try await Self.model())
        var done: [Int] = []
        var drawn: [TextToImage.Drawn] = []
        for try await event in pipeline.generate(Self.request(30)) {
            switch event {
            case .step(let step):
                #expect(step.total == 30 * 2)  // three points are two evaluations
                done.append(step.done)
            case .image(let image): drawn.append(image)
            }
        }
        #expect(done == done.sorted() && done.last == 60)
        #expect(drawn.map(\.index) == Array(0..<30))
        #expect(Set(drawn.map(\.timings.batch)).count == 2, "one batch only; nothing was tested")
        for i in [0, 26, 29] {
            var alone = Self.request(1)
            alone.prompts = [.ids([3, 17, 5 + i])]
            alone.seed = 70 + UInt64(i)
            let single = try await pipeline.images(alone)
            let same = single.map { $0.latents.floats() } == [drawn[i].latents.floats()]
            #expect(same, "image \(i)")
        }
    }

    /// The noise of a seed, given as a tensor, is the same as the seed.
    @Test func givenNoiseReplacesTheSeed() async throws {
        let pipeline = TextToImage(try await Self.model())
        let seeded = try await pipeline.images(Self.request(2))
        let noise = (0..<2).flatMap { TextToImage.noise(seed: 70 + UInt64($0), shape: [16, 12, 12]) }
        let given = try await pipeline.images(Self.request(2, noise: Tensor(noise, shape: [2, 16, 12, 12])))
        let same = given.map { $0.latents.floats() } == seeded.map { $0.latents.floats() }
        #expect(same)
    }

    @Test func refusesWhatItCannotDraw() async throws {
        let pipeline = TextToImage(try await Self.model())
        var requests = [
            Self.request(0), Self.request(1, steps: 1), Self.request(1, noise: Tensor(zeros: [2, 16, 12, 12])),
        ]
        for change: (inout TextToImage.Request) -> Void in [
            { $0.prompts = [.ids([512])] }, { $0.prompts = [.ids([-1])] },
            { $0.prompts = [.ids(Array(repeating: 3, count: 24))] }, { $0.width = 100 }, { $0.width = 8192 },
            { $0.height = 0 }, { $0.guidance = .nan }, { $0.timeShift = 0 },
        ] {
            var request = Self.request(1)
            change(&request)
            requests.append(request)
        }
        for request in requests {
            await #expect(throws: ModelError.self, "\(request)") { try await pipeline.images(request) }
        }
        // Text needs a tokenizer, which this folder lacks.
        var text = Self.request(1)
        text.prompts = [.text("a cat")]
        await #expect(throws: ModelError.self) { try await pipeline.images(text) }
    }
}
