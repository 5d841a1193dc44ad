import FlashUTesting
import Foundation
import Tensors
import Testing

/// Weights stored in 8 bits with scales.
@Suite struct QuantizedWeightsTests {
    static let values = [Int8(1), -2, 127, -127, 0, 64].withUnsafeBytes {
        Tensor(copying: $0, shape: [2, 3], dtype: .int8)
    }

    /// Opens a file of these tensors.
    func open(_ tensors: [(name: String, tensor: Tensor)]) throws -> any TensorSource {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-q-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("model.safetensors")
        try SafetensorsWriter.write(tensors, to: file)
        return try openWeights(in: folder)
    }

    @Test func valuesTimesScales() throws {
        let source = try open([
            ("w", Self.values), ("w_scale", Tensor([0.5, 2], shape: [2])), ("b", Tensor([7], shape: [1])),
        ])
        #expect(Set(source.names) == ["w", "b"], "scales are no tensors of their own")
        #expect(source.info("w") == TensorInfo(shape: [2, 3], dtype: .int8))
        #expect(try source.tensor("w").floats() == [0.5, -1, 63.5, -254, 0, 128])
        let stored = try #require(try source.quantized("w"))
        #expect(stored.values.integers() == [1, -2, 127, -127, 0, 64] && stored.scales.floats() == [0.5, 2])
        #expect(try source.quantized("b") == nil)
        #expect(try source.tensor("b").floats() == [7])
    }

    @Test func missingWrongAndImpossibleScales() throws {
        for (tensors, words) in [
            ([("w", Self.values)], "scales 'w_scale' are missing"),
            ([("w", Self.values), ("w_scale", Tensor([1], shape: [1]))], "scales 'w_scale' have shape [1]"),
            ([("w", Self.values), ("w_scale", Tensor(zeros: [2], dtype: .bfloat16))], "[2] of float32"),
        ] as [([(name: String, tensor: Tensor)], String)] {
            let source = try open(tensors)
            #expect(source.info("w") == nil && source.contains("w") && !source.names.contains("w"))
            let error = #expect(throws: WeightError.self) { try source.tensor("w") }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
        for bad in [Float.nan, .infinity, -1] {
            let source = try open([("w", Self.values), ("w_scale", Tensor([0.5, bad], shape: [2]))])
            let error = #expect(throws: WeightError.self) { try source.tensor("w") }
            #expect(error?.description.contains("w_scale") == true)
        }
    }
}
