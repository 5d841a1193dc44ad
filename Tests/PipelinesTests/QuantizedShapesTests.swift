import Compute
import FlashUTesting
import Pipelines
import Tensors
import Testing

/// int8 and int4 on the embedded model, against the official code's float32 from the same noise: the three images of the golden file. bfloat16
/// ends 0.007 to 0.013 away.
@Suite struct QuantizedShapesTests {
    @Test(arguments: [(Precision.int8, 0.05, 0.002), (.int4, 0.12, 0.02)])
    func finalLatents(precision: Precision, bound: Double, least: Double) async throws {
        let tests = try ShapesGoldenTests()
        let model = try await UnifiedModel.load(ShapesModel.folder, precision: precision, threads: 2)
        var request = try tests.request(tests.golden["noise"].toFloat32())
        request.decode = false
        let images = try await TextToImage(model).images(request)
        let error = relativeError(images.flatMap { $0.latents.floats() }, try tests.golden["final"].floats())
        print("\(precision) shapes: final latents \(error) from float32")
        #expect(error < bound)
        #expect(error > least, "this is not \(precision)")
    }
}
