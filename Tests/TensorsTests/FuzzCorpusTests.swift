import Foundation
import Tensors
import Testing

@Suite("Inputs that the fuzzer found")
struct FuzzCorpusTests {
    @Test("Each is read or refused", arguments: ["safetensors", "torch", "torch-legacy", "pickle", "weight-index"])
    func replay(target: String) throws {
        let folder = resources.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/corpus/\(target)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files {
            let data = try Data(contentsOf: file)
            let error = weightError {
                switch target {
                case "safetensors": try readAll(SafetensorsFile(data: data))
                case "torch": try readAll(TorchArchive(data: data, verifyChecksums: true))
                case "torch-legacy": try readAll(TorchArchive(data: data))
                case "pickle": try readAll(TorchArchive(data: TestZip.torch([UInt8](data))))
                default: _ = try ShardedWeights.weightMap(MappedFile(copying: data, name: target))
                }
            }
            if let error { #expect(!"\(error)".contains("\n")) }
        }
    }

    private func readAll(_ source: some TensorSource) throws {
        for name in source.names {
            #expect(try source.tensor(name).floats().count == source.info(name)?.shape.reduce(1, *))
        }
    }
}
