import Foundation
import Tensors
import Testing

/// Files that PyTorch wrote, by `Tools/tensor_fixtures.py`.
let fixtures = resources.appendingPathComponent("tensors")

@Suite("torch.save archives")
struct TorchArchiveTests {
    @Test("Official checkpoints: the same tensors as their safetensors twins", arguments: ["nano", "nano-eq"])
    func golden(model: String) throws {
        let folder = goldenModels.appendingPathComponent(model)
        let torch = try TorchArchive(url: folder.appendingPathComponent("pytorch_model.bin"), verifyChecksums: true)
        let twin = try SafetensorsFile(url: folder.appendingPathComponent("model.safetensors"))
        try expectEqual(torch, twin)
        let first = try torch.tensor(torch.names[0])
        #expect(try torch.names.allSatisfy { try torch.tensor($0).storage === first.storage }, "no copies")
    }

    @Test("The official form of a VAE: a flat state dictionary in a .pth")
    func vae() throws {
        let file = try TorchArchive(
            url: goldenModels.appendingPathComponent("vae_tiny/vae_tiny.pth"), verifyChecksums: true)
        #expect(file.names.count > 150)
        #expect(try file.tensor("conv1.weight").floats().allSatisfy(\.isFinite))
    }

    @Test(
        "Whatever PyTorch and zipfile write is read",
        arguments: [
            ("types_p2", "types"), ("types_p3", "types"), ("types_p4", "types"), ("types_p5", "types"),
            ("views", "views"),
            ("legacy", "wrapped"), ("legacy_types_p2", "types"), ("legacy_types_p4", "types"),
            ("legacy_views", "views"),
            ("rare_values_p2", "rare_values"), ("rare_values_p5", "rare_values"), ("rare_values_legacy", "rare_values"),
            ("views_unaligned", "views"), ("views_streamed", "views"), ("views_zip64", "views"),
            ("module", "module"),
            ("parameters", "parameters"), ("wrapped", "wrapped"),
        ])
    func fixture(file: String, expected: String) throws {
        let torch = try TorchArchive(url: fixtures.appendingPathComponent("\(file).pth"), verifyChecksums: true)
        try expectEqual(torch, SafetensorsFile(url: fixtures.appendingPathComponent("\(expected).safetensors")))
    }

    @Test("Tied and sharing tensors share memory; contiguous slices too")
    func sharing() throws {
        let module = try TorchArchive(url: fixtures.appendingPathComponent("module.pth"))
        #expect(try module.tensor("embed.weight").byteOffset == module.tensor("head.weight").byteOffset)
        let views = try TorchArchive(url: fixtures.appendingPathComponent("views.pth"))
        let whole = try views.tensor("whole")
        let row = try views.tensor("row")
        #expect(row.storage === whole.storage)
        #expect(row.byteOffset == whole.byteOffset + 20 * 4)
        #expect(try views.tensor("transposed").storage !== whole.storage)
    }

    @Test(
        "What is not read is refused with the reason",
        arguments: [
            ("bad_module", "a whole object (__main__.Tiny)"), ("bad_list", "something else than a dictionary"),
            ("bad_no_tensors", "no tensors under its keys 'lr'"), ("bad_compressed", "is compressed"),
            ("bad_big_endian", "big-endian"), ("bad_no_storage", "its elements are missing"),
            ("bad_system_p2", "would have posix.system called"),
            ("bad_system_p4", "would have posix.system called"),
        ])
    func refused(file: String, reason: String) throws {
        let error = try #require(
            weightError { _ = try openWeights(file: fixtures.appendingPathComponent("\(file).pth")) })
        #expect("\(error)".contains(reason), "\(error)")
        #expect("\(error)".contains("\(file).pth"))
        #expect(!"\(error)".contains("\n"))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/flashu-was-here"))
    }

    @Test("Tensors of rare types and kinds block nothing; only asking for one is an error that names it and its type")
    func rare() throws {
        for (file, name, type) in [
            ("rare_complex", "a", "torch.ComplexFloatStorage"), ("rare_uint16", "a", "torch.uint16"),
            ("rare_values_p2", "complex", "torch.ComplexFloatStorage"), ("rare_values_p2", "u16", "torch.uint16"),
            ("rare_values_p5", "u64", "torch.uint64"), ("rare_values_p5", "f8_fnuz", "torch.float8_e4m3fnuz"),
            ("rare_values_p5", "quantised", "torch._utils._rebuild_qtensor"),
            ("rare_values_p2", "sparse", "torch._utils._rebuild_sparse_tensor"),
            ("rare_values_p2", "meta", "torch._utils._rebuild_meta_tensor_no_storage"),
            ("rare_values_legacy", "complex", "torch.ComplexFloatStorage"),
        ] {
            let source = try openWeights(file: fixtures.appendingPathComponent("\(file).pth"))
            #expect(source.contains(name) && source.info(name) == nil && !source.names.contains(name))
            let error = try #require(weightError { _ = try source.tensor(name) })
            #expect("\(error)".contains("'\(name)'") && "\(error)".contains(type), "\(error)")
        }
    }

    @Test("Torch files of before 1.6 are mapped, and looked into where elements are aligned")
    func legacyIsMapped() throws {
        let file = try TorchArchive(url: fixtures.appendingPathComponent("legacy_types_p2.pth"))
        let bytes = try file.tensor("uint8")
        let other = try file.tensor("int8")
        #expect(bytes.storage === other.storage, "bytes are always aligned")
    }

    @Test("A checksum that is wrong: in the pickle always, in tensors when asked for")
    func checksums() throws {
        var data = try Data(contentsOf: fixtures.appendingPathComponent("wrapped.pth"))
        let ones = Data([0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f])
        let tensor = try #require(data.range(of: ones))
        data[tensor.lowerBound] ^= 1
        #expect(try TorchArchive(data: data).contains("a"))
        let error = try #require(weightError { _ = try TorchArchive(data: data, verifyChecksums: true) })
        #expect("\(error)".contains("checksum of its entry"))
        let pickle = try #require(data.range(of: Data("epoch".utf8)))
        data[pickle.lowerBound] ^= 1
        let other = try #require(weightError { _ = try TorchArchive(data: data) })
        #expect("\(other)".contains("checksum of its entry 'wrapped/data.pkl'"))
    }
}

/// Both have the same tensors: names, shapes, types, bytes.
func expectEqual(_ a: some TensorSource, _ b: some TensorSource) throws {
    #expect(Set(a.names) == Set(b.names))
    for name in a.names {
        let (x, y) = (try a.tensor(name), try b.tensor(name))
        #expect(a.info(name) == TensorInfo(shape: x.shape, dtype: x.dtype))
        #expect(x.shape == y.shape, "\(name)")
        #expect(x.dtype == y.dtype, "\(name)")
        #expect(x.bytes == y.bytes, "\(name)")
    }
}
