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

    /// q = 0, 15, 7, 8 and 1, 2, 3, 4; steps 3 and 18, zeros 7 and 0.
    static let nibbles = [UInt8]([0xF0, 0x87, 0x21, 0x43]).withUnsafeBytes {
        Tensor(copying: $0, shape: [2, 2], dtype: .uint8)
    }
    static let steps = [UInt8]([7, 15 << 4]).withUnsafeBytes { Tensor(copying: $0, shape: [2, 1], dtype: .uint8) }

    @Test func fourBits() throws {
        let source = try open([
            ("w", Self.nibbles), ("w_scale", Tensor([0.5, 2], shape: [2])), ("w_step", Self.steps),
            ("bytes", Self.nibbles),
        ])
        #expect(Set(source.names) == ["w", "bytes"], "scales and steps are no tensors of their own")
        #expect(source.info("w") == TensorInfo(shape: [2, 4], dtype: .int8, packedBits: 4))
        #expect(source.info("w")?.storedByteCount == 2 * (2 + 1 + 4) && source.info("w")?.elementName == "int4")
        #expect(source.info("bytes") == TensorInfo(shape: [2, 2], dtype: .uint8), "bytes without scales are bytes")
        #expect(source.objection(toWeight: "w", shapes: [[2, 4]]) == nil)
        #expect(try source.tensor("w").floats() == [-10.5, 12, 0, 1.5, 36, 72, 108, 144])
        let stored = try #require(try source.quantized("w"))
        #expect(stored.bits == 4 && stored.inputs == 4 && stored.outputs == 2)
    }

    @Test func emptyMatricesThatClaimToBeHuge() throws {
        for dtype in [DType.uint8, .int8] {
            let source = try open([
                ("w", Tensor(zeros: [0, Int.max / 2 + 5], dtype: dtype)), ("w_scale", Tensor(zeros: [0])),
                ("w_step", Tensor(zeros: [0, 1], dtype: .uint8)),
            ])
            #expect(source.info("w")?.storedByteCount == 0)
        }
    }

    @Test func missingWrongAndImpossibleSteps() throws {
        let scales = Tensor([0.5, 2], shape: [2])
        for (tensors, words) in [
            ([("w", Self.nibbles), ("w_scale", scales)], "steps 'w_step' are missing"),
            ([("w", Self.nibbles), ("w_step", Self.steps)], "scales 'w_scale' are missing"),
            (
                [("w", Self.nibbles), ("w_scale", scales), ("w_step", Tensor(zeros: [2, 2], dtype: .uint8))],
                "steps 'w_step' have shape [2, 2]"
            ),
            ([("w", Self.nibbles), ("w_scale", scales), ("w_step", Tensor(zeros: [2, 1]))], "[2, 1] of uint8"),
        ] as [([(name: String, tensor: Tensor)], String)] {
            let source = try open(tensors)
            let error = #expect(throws: WeightError.self) { try source.tensor("w") }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
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
