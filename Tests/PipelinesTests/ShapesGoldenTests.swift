import Compute
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

/// End to end on the embedded model, held to the official code (golden files `shapes_t2i`, `shapes_mmu`).
@Suite struct ShapesGoldenTests {
    struct Prompts: Decodable {
        var prompts: [String]
    }

    let golden: Golden
    let prompts: [String]

    init() throws {
        golden = try Golden(ShapesModel.drawing)
        let url = Golden.folder.appendingPathComponent(ShapesModel.drawing + ".json")
        prompts = try JSONDecoder().decode(Prompts.self, from: Data(contentsOf: url)).prompts
    }

    func request(_ noise: Tensor) throws -> TextToImage.Request {
        let steps: Int = try #require(golden.manifest.num_inference_steps)
        let guidance: Float = try #require(golden.manifest.guidance_scale)
        return .init(
            prompts: prompts.map { .text($0) }, steps: steps, guidance: guidance, timeShift: 3, noise: noise)
    }

    @Test func everyStepFromTheStoredLatents() throws {
        let model = try ShowO2Model.load(ShapesModel.folder, CPUCompute(precision: .f32, threads: 2))
        let denoising = try Denoising(
            model: model, special: #require(golden.manifest.special),
            prompts: #require(golden.manifest.prompts_token_ids),
            schedule: FlowSchedule(steps: #require(golden.manifest.num_inference_steps), timeShift: 3),
            grid: model.geometry.grid, guided: true)
        let stored = try golden["latents"]
        let guidance = try #require(golden.manifest.guidance_scale)
        let velocity = Tensor(zeros: denoising.latentShape)
        func latents(_ i: Int) -> Tensor { stored.rows(i..<i + 1).reshaped(denoising.latentShape).toFloat32() }
        for step in 0..<denoising.schedule.evaluations {
            let next = latents(step)
            try denoising.velocity(next, step: step, guidance: guidance, into: velocity)
            // The official velocity is the difference of its own latents.
            let interval = denoising.schedule.interval(step)
            let theirs = zip(latents(step + 1).floats(), next.floats()).map { ($0 - $1) / interval }
            #expect(relativeError(velocity.floats(), theirs) < 1e-4, "velocity of step \(step)")
            next.add(velocity, times: interval)
            #expect(relativeError(next.floats(), latents(step + 1).floats()) < 1e-4, "latents of step \(step)")
        }
    }

    @Test func imagesFreeRunning() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: .f32, threads: 2)
        let images = try await TextToImage(model).images(request(golden["noise"].toFloat32()))
        #expect(images.map(\.index) == [0, 1, 2])
        let final = try golden["final"].floats()
        #expect(relativeError(images.flatMap { $0.latents.floats() }, final) < 1e-3)
        let expected = try golden["image_u8"].integers()
        let pixels = try images.flatMap { try #require($0.pixels).pixels.map(Int.init) }
        try #require(pixels.count == expected.count)
        let worst = zip(pixels, expected).map { abs($0 - $1) }.max() ?? 255
        #expect(worst <= 2)
    }

    struct Bfloat16: Decodable {
        var relative_error: [String: Double]
    }

    /// No further from the official float32 than Training/sample.py under bfloat16 autocast, from the same noise.
    @Test func bfloat16IsAsCloseAsTraining() async throws {
        let bound: Bfloat16 = try ShapesModel.reference("shapes_bf16")
        let theirs = try #require(bound.relative_error["bfloat16"])
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: .bf16, threads: 2)
        var request = try request(golden["noise"].toFloat32())
        request.decode = false
        let images = try await TextToImage(model).images(request)
        let ours = relativeError(images.flatMap { $0.latents.floats() }, try golden["final"].floats())
        print("bf16 shapes: ours \(ours), Training/sample.py \(theirs)")
        #expect(ours <= theirs)
    }

    @Test func greedyTokens() async throws {
        let asked = try Golden(ShapesModel.asking)
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: .f32, threads: 2)
        let answers = try #require(asked.manifest.answers)
        #expect(answers.count == 10)
        for (image, group) in Dictionary(grouping: answers, by: \.image) {
            let name = URL(fileURLWithPath: image).deletingPathExtension().lastPathComponent
            let request = ImageQuestion.Request(
                sources: [.latents(try asked["latents.\(name)"])], questions: group.map { .text($0.question) },
                maxTokens: 30)
            let given = try await ImageQuestion(model).answers(request)
            #expect(given.map(\.tokens) == group.map(\.output_ids), "\(image)")
        }
    }
}
