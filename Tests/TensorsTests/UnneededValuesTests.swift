import FlashUTesting
import Foundation
import Tensors
import Testing

@Suite("What nobody needs blocks no file") struct UnneededValuesTests {
    @Test(
        "Small files made after public reports: the tensor 'noise' is read",
        arguments: [
            "11-metadata-null.safetensors", "12-unneeded-u16.safetensors", "13-unneeded-f8.bin", "14-legacy.bin",
        ])
    func noise(file: String) throws {
        let source = try openWeights(file: RepositoryFiles.resource("cases/\(file)"))
        #expect(try source.tensor("noise").floats() == [Float](repeating: 0, count: 64))
        #expect(source.info("noise") == TensorInfo(shape: [1, 16, 2, 2], dtype: .float32))
    }

    static let rareTypes = [
        "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "U16", "U32", "U64", "C64", "F4", "F6_E2M3", "F6_E3M2", "I4",
        "X\u{1b}[2J",
    ]

    @Test(
        "Every rare type of safetensors: the file opens, and asking for the tensor names it and its type",
        arguments: rareTypes)
    func rare(type: String) throws {
        let written = type.replacingOccurrences(of: "\u{1b}", with: "\\u001b")
        let header = """
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"\(written)","shape":[3,2],"data_offsets":[8,14]}}
            """
        let file = try SafetensorsFile(data: safetensors(header, data: 14))
        #expect(file.names == ["a"] && file.contains("b") && file.info("b") == nil)
        #expect(try file.tensor("a").bytes == Array(0..<8))
        let error = "\(try #require(weightError { _ = try file.tensor("b") }))"
        #expect(error.contains("'b'") && error.contains("element type") && !error.contains("\u{1b}"))
        #expect(error.contains(type.printable), "\(error)")
    }

    @Test("Rare types can't hide bytes: they lie within the data, without gap or overlap")
    func tiling() throws {
        for (offsets, reason) in [
            ("[4,12]", "overlaps"), ("[9,14]", "gap"), ("[8,13]", "belong to no tensor"), ("[8,15]", "outside"),
            ("[-1,14]", "outside"), ("[8,9223372036854775808]", "data_offsets"),
        ] {
            let header = """
                {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U16","shape":[3],"data_offsets":\(offsets)}}
                """
            let error = weightError { _ = try SafetensorsFile(data: safetensors(header, data: 14)) }
            #expect("\(try #require(error))".contains(reason))
        }
    }

    @Test(
        "Metadata that is null, no object or no text",
        arguments: ["null", "[]", "7", #"{"a":1,"b":"text","c":null,"d":{}}"#])
    func metadata(value: String) throws {
        let file = try SafetensorsFile(data: safetensors(#"{"__metadata__":\#(value)}"#, data: 0))
        #expect(file.metadata == (value.contains("text") ? ["b": "text"] : [:]))
    }

    @Test(
        "8-bit floats become the bfloat16 that PyTorch makes of them",
        arguments: ["float8_stored.safetensors", "float8.pth"])
    func float8(file: String) throws {
        let stored = try openWeights(file: fixtures.appendingPathComponent(file))
        let expected = try SafetensorsFile(url: fixtures.appendingPathComponent("float8.safetensors"))
        #expect(Set(stored.names) == ["e4m3", "e5m2", "turned"])
        for name in stored.names {
            let (found, wanted) = (try stored.tensor(name), try expected.tensor(name))
            #expect(found.dtype == .bfloat16 && found.shape == wanted.shape)
            // The bits of a not-a-number mean nothing.
            for (x, y) in zip(found.floats(), wanted.floats()) {
                #expect(x == y && x.sign == y.sign || x.isNaN && y.isNaN)
            }
        }
    }

    @Test(
        "8-bit floats with a scale of their own are not taken for the weights",
        arguments: [
            "a.weight_scale", "a.weight_scale_inv", "a.scale_weight", "scaled_fp8",
        ])
    func scaled(scale: String) throws {
        let header = """
            {"\(scale)":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a.weight":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[4,6]}}
            """
        let file = try SafetensorsFile(data: safetensors(header, data: 6))
        #expect("\(try #require(weightError { _ = try file.tensor("a.weight") }))".contains("'\(scale)'"))
    }
}

@Suite("Prefixes of wrappers") struct WrapperPrefixTests {
    static let prefixes = [
        "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module.", "_orig_mod._orig_mod.",
        "module._orig_mod.module._orig_mod.", "_fsdp_wrapped_module.", "module._fsdp_wrapped_module._orig_mod.",
    ]

    @Test("Are stripped, in one file and in shards", arguments: prefixes)
    func stripped(prefix: String) throws {
        try withTemporaryFolder { folder in
            let tensors = ["a.weight", "module", "b.module.weight"].enumerated().map {
                (name: prefix + $0.element, tensor: Tensor([Float($0.offset)], shape: [1]))
            }
            func check() throws {
                let source = try openWeights(in: folder)
                #expect(Set(source.names) == ["a.weight", "module", "b.module.weight"])
                #expect(try source.tensor("b.module.weight").floats() == [2])
                #expect(source.info("a.weight")?.shape == [1] && source.info(prefix + "a.weight") == nil)
                #expect("\(try #require(weightError { _ = try source.tensor("c") }))".contains("no tensor 'c'"))
            }
            let whole = folder.appendingPathComponent("model.safetensors")
            try SafetensorsWriter.write(tensors, to: whole)
            try check()
            try FileManager.default.removeItem(at: whole)
            for (i, part) in [tensors.prefix(1), tensors.dropFirst()].enumerated() {
                try SafetensorsWriter.write(
                    Array(part), to: folder.appendingPathComponent("model-0000\(i + 1)-of-00002.safetensors"))
            }
            try check()
            let map = tensors.enumerated().map {
                "\"\($1.name)\": \"model-0000\($0 == 0 ? 1 : 2)-of-00002.safetensors\""
            }
            try Data("{\"weight_map\": {\(map.joined(separator: ", "))}}".utf8)
                .write(to: folder.appendingPathComponent("model.safetensors.index.json"))
            try check()
        }
    }

    @Test("Are stripped further in, where only wrappers put them")
    func inside() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("x.safetensors")
            let names = ["a._orig_mod.w", "a.b._checkpoint_wrapped_module.c._fsdp_wrapped_module.w", "a.module.w"]
            try SafetensorsWriter.write(names.map { ($0, Tensor([1], shape: [1])) }, to: url)
            #expect(try Set(openWeights(file: url).names) == ["a.w", "a.b.c.w", "a.module.w"])
        }
    }

    @Test("Two tensors that would get one name are an error that names both")
    func duplicates() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("x.safetensors")
            for (a, b) in [("a.w", "module.a.w"), ("_orig_mod.a.w", "module.a.w"), ("a._orig_mod.w", "a.w")] {
                try SafetensorsWriter.write([a, b].map { ($0, Tensor([1], shape: [1])) }, to: url)
                let error = "\(try #require(weightError { _ = try openWeights(file: url) }))"
                #expect(error.contains("'\(a)'") && error.contains("'\(b)'"), "\(error)")
            }
        }
    }

    @Test("8-bit weights and their scales lose them together; values that can't be read keep their reason")
    func quantized() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("x.safetensors")
            try SafetensorsWriter.write(
                [
                    ("module.w", QuantizedWeightsTests.values), ("module.w_scale", Tensor([0.5, 2], shape: [2])),
                    ("module.v", QuantizedWeightsTests.values),
                ], to: url)
            let source = try openWeights(file: url)
            #expect(source.names == ["w"])
            #expect(try source.tensor("w").floats() == [0.5, -1, 63.5, -254, 0, 128])
            #expect(try source.quantized("w")?.scales.floats() == [0.5, 2])
            #expect("\(try #require(weightError { _ = try source.tensor("v") }))".contains("'v_scale' are missing"))
        }
    }
}
