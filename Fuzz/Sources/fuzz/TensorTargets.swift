import Foundation
import Tensors

extension FuzzTarget {
    /// Everything that reads weights.
    static let tensorTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "safetensors",
            seeds: ["module", "types", "views", "float8_stored"].map { .file("tensors/\($0).safetensors") }
        ) { data in
            touchAll { try SafetensorsFile(data: data) }
        },
        FuzzTarget(
            name: "quantized", seeds: ["quantized", "types"].map { .file("tensors/\($0).safetensors") }
        ) { data in
            touchAll {
                let source = QuantizedWeights(try SafetensorsFile(data: data))
                for name in source.names {
                    guard let matrix = try source.quantized(name) else { continue }
                    precondition(source.info(name)?.shape == [matrix.outputs, matrix.inputs])
                    precondition(matrix.dequantized().count == matrix.outputs * matrix.inputs)
                }
                return source
            }
        },
        FuzzTarget(
            name: "torch",
            seeds: ["types_p2", "types_p5", "views_streamed", "views_zip64", "module", "float8", "bad_compressed"].map {
                .file("tensors/\($0).pth")
            }
        ) { data in
            touchAll { try TorchArchive(data: data, verifyChecksums: true) }
        },
        FuzzTarget(
            name: "torch-legacy",
            seeds: ["legacy", "legacy_types_p2", "legacy_types_p4", "legacy_views", "rare_values_legacy"].map {
                .file("tensors/\($0).pth")
            }
        ) { data in
            touchAll { try TorchArchive(data: data) }
        },
        FuzzTarget(
            name: "pickle",
            seeds: [
                "types_p2", "types_p5", "views", "wrapped", "rare_values_p2", "rare_values_p5", "float8",
                "bad_system_p2", "bad_system_p4", "bad_module",
            ].map(
                pickleSeed)
        ) { data in
            // The fuzzer can't guess checksums: it makes the pickle, the archive around it is sound.
            let archive = storedZip(elements + [StoredEntry("m/data.pkl", data)])
            touchAll { try TorchArchive(data: archive) }
        },
        FuzzTarget(
            name: "weight-index",
            seeds: [
                .text(
                    "index",
                    #"{"metadata": {"total_size": 1.5e3}, "weight_map": {"a\u00e9.b": "model-00001-of-00002.safetensors"}}"#
                )
            ]
        ) { data in
            _ = try? ShardedWeights.weightMap(MappedFile(copying: data, name: "index"))
        },
    ]

    /// Thirteen runs of elements for pickles to refer to.
    private static let elements = (0..<13).map { StoredEntry("m/data/\($0)", Data(0..<240)) }

    /// Reads every element of every tensor, so that the address sanitizer sees every access.
    private static func touchAll(_ open: () throws -> some TensorSource) {
        do {
            let stored = try open()
            let source = try RenamedWeights(stored) { $0 }
            for name in source.unreadable.keys {
                do {
                    _ = try source.tensor(name)
                    fatalError("what can't be read was read")
                } catch {
                    check(error)
                }
                if let objection = source.objection(toWeight: name, shapes: [[1]]) { check(objection) }
            }
            var budget = 1 << 20
            for name in source.names {
                guard let info = source.info(name) else { fatalError("a name without a tensor") }
                // The readers allow broadcasts of up to 2^24 elements, which only cost time here.
                let count = info.shape.reduce(1, *)
                budget -= count
                guard budget > 0 else { continue }
                let tensor = try source.tensor(name)
                guard tensor.floats().count == count, tensor.shape == info.shape else { fatalError("shapes differ") }
            }
        } catch {
            check(error)
        }
    }

    /// The pickle in an archive of the fixtures.
    private static func pickleSeed(_ name: String) -> Seed {
        Seed(name: name) { resources in
            let archive = try Data(contentsOf: resources.appendingPathComponent("tensors/\(name).pth"))
            let file = MappedFile(copying: archive, name: name)
            return try withExtendedLifetime(file) {
                guard let range = try storedEntries(of: file).first(where: { $0.name.hasSuffix("/data.pkl") })?.range
                else { return Data() }
                return archive[range]
            }
        }
    }
}
