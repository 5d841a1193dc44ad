import Compute
import FlashUTesting
import Pipelines
import Tensors
import Testing

/// int8 on the embedded model, against the official code's float32 from the same noise: the three images of the golden file. bfloat16
/// ends 0.007 to 0.013 away.
@Suite struct Int8ShapesTests {
    @Test func finalLatents() async throws {
        let tests = try ShapesGoldenTests()
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: .int8, threads: 2)
        var request = try tests.request(tests.golden["noise"].toFloat32())
        request.decode = false
        let images = try await TextToImage(model).images(request)
        let error = relativeError(images.flatMap { $0.latents.floats() }, try tests.golden["final"].floats())
        print("int8 shapes: final latents \(error) from float32")
        #expect(error < 0.05)
        #expect(error > 0.002, "this is not int8")
    }
}
