import Foundation
import Tensors
import Testing

@Suite("safetensors")
struct SafetensorsTests {
    @Test("Official files: every tensor is a view of the mapping")
    func golden() throws {
        let file = try SafetensorsFile(url: goldenModels.appendingPathComponent("nano/model.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.names.count > 100)
        let bias = try file.tensor("diff_proj.0.bias")
        #expect(bias.shape == [96])
        #expect(bias.dtype == .float32)
        #expect(file.info("diff_proj.0.bias") == TensorInfo(shape: [96], dtype: .float32))
        for name in file.names {
            let tensor = try file.tensor(name)
            #expect(tensor.storage === bias.storage, "\(name) was copied")
        }
        #expect(try file.tensor("diff_proj.0.bias", shape: [96]).floats().contains { $0 != 0 })
    }

    @Test("A name that is not there: the error suggests the closest")
    func missing() throws {
        let file = try SafetensorsFile(url: goldenModels.appendingPathComponent("nano/model.safetensors"))
        #expect(!file.contains("diff_proj.0.biass"))
        let error = weightError { _ = try file.tensor("diff_proj.0.biass") }
        #expect("\(try #require(error))".contains("closest name is 'diff_proj.0.bias'"))
        let wrong = weightError { _ = try file.tensor("diff_proj.0.bias", shape: [97]) }
        #expect("\(try #require(wrong))".contains("has shape [96] where [97] is expected"))
    }

    @Test("What is written is read back: all types, scalars, empty tensors, notes; aligned and contiguous")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("out.safetensors")
            var written: [(name: String, tensor: Tensor)] = DType.allCases.enumerated().map { i, dtype in
                let bytes = (0..<15 * dtype.size).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ i) }
                return (
                    "t.\(dtype.rawValue) \"\\\n\u{1} é😀",
                    bytes.withUnsafeBytes { Tensor(copying: $0, shape: [3, 5], dtype: dtype) }
                )
            }
            written.append(("scalar", Tensor([1.5], shape: [])))
            written.append(("empty", Tensor(zeros: [4, 0, 2], dtype: .bfloat16)))
            let notes = ["format": "pt", "a \"note\"": "line\nbreak \\ é"]
            try SafetensorsWriter.write(written, metadata: notes, to: url)
            let file = try SafetensorsFile(url: url)
            #expect(file.metadata == notes)
            #expect(file.names.count == written.count)
            for (name, tensor) in written {
                let back = try file.tensor(name)
                #expect(back.shape == tensor.shape)
                #expect(back.dtype == tensor.dtype)
                #expect(back.bytes == tensor.bytes)
            }
            let contents = try Data(contentsOf: url)
            let header = contents.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            #expect((header + 8) % 64 == 0)
            try SafetensorsWriter.write(written, metadata: notes, to: url)
            #expect(try Data(contentsOf: url) == contents, "the same input makes the same bytes")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.safetensors"])
            let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
            #expect((mode ?? 0) & 0o600 == 0o600)
        }
    }

    @Test("A failed write leaves nothing behind and the old file untouched")
    func failedWrite() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("out.safetensors")
            try Data("old".utf8).write(to: url)
            let tensor = Tensor([1], shape: [1])
            let twice = weightError { try SafetensorsWriter.write([("a", tensor), ("a", tensor)], to: url) }
            #expect("\(try #require(twice))".contains("two tensors would be called 'a'"))
            #expect(try Data(contentsOf: url) == Data("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.safetensors"])
            #expect(weightError { try SafetensorsWriter.write([("a", tensor)], to: folder) } != nil)
            let nowhere = folder.appendingPathComponent("no/such/place.safetensors")
            #expect(
                "\(try #require(weightError { try SafetensorsWriter.write([("a", tensor)], to: nowhere) }))".contains(
                    "can't be written"))
        }
    }

    @Test("Elements off their alignment are copied, not misread")
    func unaligned() throws {
        let file = try SafetensorsFile(
            data: safetensors(
                #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#,
                data: 9))
        #expect(try file.tensor("a").bytes == [0])
        #expect(try file.tensor("b").bytes == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try file.tensor("b").floats().count == 2)
    }

    @Test("Headers that lie are refused with the reason", arguments: SafetensorsTests.lies)
    func malicious(header: String, data: Int, reason: String) throws {
        let error = try #require(
            weightError { _ = try SafetensorsFile(data: safetensors(header, data: data), name: "f") })
        #expect("\(error)".contains(reason), "\(error)")
        #expect(!"\(error)".contains("\n"))
    }

    static let lies: [(String, Int, String)] = [
        ("", 0, "no JSON object"),
        ("[]", 0, "no JSON object"),
        ("{", 0, "a name in quotes"),
        (#"{"a":1}"#, 0, "its entry is no object"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            8, "appears twice"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12, "overlaps"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            8, "overlaps"
        ),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "leaves a gap"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "belong to no tensor"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "outside the 7 bytes"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "outside"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "outside"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0, "too large for any memory"),
        (
            #"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}"#, 0,
            "too large for any memory"
        ),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
        (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
        (#"{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
        (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "has 8 bytes where [3] of F32 takes 12"),
        (#"{"a":{"dtype":"F8_E4M3","shape":[7],"data_offsets":[0,8]}}"#, 8, "has 8 bytes where [7] of F8_E4M3 takes 7"),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "no pair of data_offsets"),
        (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8, "no dtype"),
        (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, 8, "no shape"),
        (#"{} x"#, 0, "something follows"),
        ("{\"a\u{0}\":1}", 0, "control character"),
        (#"{"a\#u{1b}[31m":1}"#, 0, "control character"),
        (#"{"a\u001b[31m":1}"#, 0, #"a\u{1b}[31m"#),
        (String(repeating: #"{"a":"#, count: 100_000), 0, "levels deep"),
    ]

    @Test("A header longer than the file, or longer than any header")
    func lengths() throws {
        for (length, reason) in [
            (UInt64.max, "claims"), (1 << 62, "claims"), (100_000_001, "claims"), (3, "does not fit"),
        ] {
            let error = try #require(
                weightError { _ = try SafetensorsFile(data: Data(length.littleEndianBytes + Array("{}".utf8))) })
            #expect("\(error)".contains(reason), "\(error)")
        }
        #expect(try SafetensorsFile(data: safetensors("{}", data: 0)).names.isEmpty)
    }

    @Test("Truncated anywhere, flipped anywhere: an error or the same layout, never a crash")
    func damage() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("a.safetensors")
            let values = Tensor((0..<12).map(Float.init), shape: [3, 4])
            try SafetensorsWriter.write(
                [("one", values), ("two", Tensor([1, 2], shape: [2]))], metadata: ["k": "v"], to: url)
            let whole = try Data(contentsOf: url)
            for length in 0..<whole.count {
                #expect(weightError { _ = try SafetensorsFile(data: whole.prefix(length)) } != nil, "\(length) bytes")
            }
            var random = SystematicRandom(seed: 1)
            for _ in 0..<3000 {
                let mutant = random.mutate(whole)
                guard let file = try? SafetensorsFile(data: mutant) else { continue }
                for name in file.names { _ = try file.tensor(name).floats() }
            }
        }
    }
}
