import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// Rounding to 4 bits by what a calibration says of the neurons.
@Suite struct CalibratedRoundingTests {
    static let layer = 2
    static let name = "showo.model.layers.\(layer).mlp.down_proj.weight"

    /// The expected squared error of a layer's FFN output, up to a factor, over one task's rows: squared errors of the weights times the mean
    /// squares of the neurons' activations. Both folders hold their neurons in the same order.
    static func error(_ folder: URL, _ task: Calibration.Task) throws -> (weighted: Double, plain: Double) {
        let original = try openNetworkWeights(in: ShapesModel.folder)
        let geometry = try ShowO2Geometry(folder: ShapesModel.folder, weights: original)
        let calibration = try #require(
            try Calibration(
                folder: ShapesModel.folder, layers: geometry.llm.layers, neurons: geometry.llm.intermediate))
        let order = NeuronOrder.standard(calibration).order[layer]
        let whole = try original.tensor(name).floats()
        let rounded = try #require(try openNetworkWeights(in: folder).quantized(name)).dequantized().floats()
        let (width, scores) = (geometry.llm.intermediate, try #require(calibration.scores[task]))
        var (weighted, plain) = (0.0, 0.0)
        for place in 0..<width {
            let neuron = order[place]
            var (norm, squares) = (0.0, 0.0)
            for output in 0..<geometry.llm.hidden {
                let (w, q) = (Double(whole[output * width + neuron]), Double(rounded[output * width + place]))
                norm += w * w
                squares += (w - q) * (w - q)
            }
            plain += squares
            weighted +=
                squares * Double(scores.reconstruction[layer][neuron] * scores.reconstruction[layer][neuron]) / norm
        }
        return (weighted, plain)
    }

    @Test func theOutputsErrorIsLess() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("rounding-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let folders = ["plain", "calibrated"].map { place.appendingPathComponent($0) }
        for (folder, calibrated) in zip(folders, [false, true]) {
            _ = try ModelConversion(ShapesModel.folder, to: .int4, calibrated: calibrated).write(to: folder)
        }
        var ratio = 1.0
        for task in Calibration.Task.allCases {
            let (nearest, weighed) = (try Self.error(folders[0], task), try Self.error(folders[1], task))
            ratio *= weighed.weighted / nearest.weighted
            // What it gains for the outputs it pays for in weights that matter less.
            #expect(weighed.plain > nearest.plain)
        }
        #expect(ratio.squareRoot() < 0.95, "\(ratio.squareRoot())")
    }

    @Test func whatCannotBeRoundedSo() throws {
        func message(_ folder: URL, _ target: ModelConversion.Target, to place: URL? = nil) -> String {
            do {
                let conversion = try ModelConversion(folder, to: target, calibrated: true)
                if let place { _ = try conversion.write(to: place) }
                return ""
            } catch { return "\(error)" }
        }
        #expect(message(ShapesModel.folder, .int8).contains("int4"))
        #expect(message(Golden.model("nano"), .int4).contains("flashu calibrate"))
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("rounded-\(UUID().uuidString)")
        let again = place.appendingPathExtension("again")
        defer { for folder in [place, again] { try? FileManager.default.removeItem(at: folder) } }
        _ = try ModelConversion(ShapesModel.folder, to: .int4).write(to: place)
        #expect(message(place, .int4, to: again).contains("4 bits already"))
        #expect(!FileManager.default.fileExists(atPath: again.path))
    }
}
