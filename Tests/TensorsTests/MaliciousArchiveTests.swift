import Foundation
import Tensors
import Testing

/// Archives built byte by byte, to lie.
struct TestZip {
    struct Entry {
        var name: String
        var data: [UInt8]
        var method: UInt16 = 0
        var checksum: UInt32?
        var claimed: UInt32?
    }

    static func archive(_ entries: [Entry], headerOffsets: [Int: UInt32] = [:], count: UInt16? = nil) -> Data {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for (i, entry) in entries.enumerated() {
            let offset = headerOffsets[i] ?? UInt32(out.count)
            let name = Array(entry.name.utf8)
            let size = entry.claimed ?? UInt32(entry.data.count)
            let checksum = entry.checksum ?? crc32(entry.data)
            var common = entry.method.littleEndianBytes
            common += UInt32(0).littleEndianBytes
            common += checksum.littleEndianBytes
            common += size.littleEndianBytes
            common += size.littleEndianBytes
            common += UInt16(name.count).littleEndianBytes
            common += UInt16(0).littleEndianBytes
            out += UInt32(0x0403_4b50).littleEndianBytes
            out += UInt16(0).littleEndianBytes
            out += UInt16(0).littleEndianBytes
            out += common
            out += name
            out += entry.data
            directory += UInt32(0x0201_4b50).littleEndianBytes
            directory += UInt32(0).littleEndianBytes
            directory += UInt16(0).littleEndianBytes
            directory += common
            directory += [UInt8](repeating: 0, count: 10)
            directory += offset.littleEndianBytes
            directory += name
        }
        let start = UInt32(out.count)
        let total = count ?? UInt16(entries.count)
        out += directory
        out += UInt32(0x0605_4b50).littleEndianBytes
        out += UInt32(0).littleEndianBytes
        out += total.littleEndianBytes
        out += total.littleEndianBytes
        out += UInt32(directory.count).littleEndianBytes
        out += start.littleEndianBytes
        out += UInt16(0).littleEndianBytes
        return Data(out)
    }

    /// Bit by bit: slow, and another way than the reader's.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
    }

    /// An archive of that pickle and 16 bytes of elements in `data/0`.
    static func torch(_ pickle: [UInt8], storage: [UInt8] = Array(0..<16)) -> Data {
        archive([Entry(name: "m/data.pkl", data: pickle), Entry(name: "m/data/0", data: storage)])
    }
}

/// Pickles written by hand, opcode by opcode.
enum TestPickle {
    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    static func text(_ text: String) -> [UInt8] { [0x8c, UInt8(text.utf8.count)] + Array(text.utf8) }

    static func integer(_ value: Int) -> [UInt8] { [0x8a, 8] + value.littleEndianBytes }

    static func tuple(_ values: [Int]) -> [UInt8] { [0x28] + values.flatMap(integer) + [0x74] }

    /// `{'a': _rebuild_tensor_v2(('storage', FloatStorage, '0', 'cpu', count), offset, shape, strides, False, {})}`
    static func tensor(count: Int = 4, offset: Int = 0, shape: [Int], strides: [Int]) -> [UInt8] {
        var out: [UInt8] = [0x80, 2, 0x7d] + text("a") + global("torch._utils", "_rebuild_tensor_v2") + [0x28, 0x28]
        out +=
            text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + integer(count) + [0x74, 0x51]
        out += integer(offset)
        out += tuple(shape)
        out += tuple(strides)
        out += [0x89, 0x7d, 0x74, 0x52, 0x73, 0x2e]
        return out
    }
}

@Suite("torch archives that lie")
struct MaliciousArchiveTests {
    private func refusal(_ data: Data) throws -> String {
        let error = try #require(weightError { _ = try TorchArchive(data: data, name: "f.bin") })
        #expect("\(error)".hasPrefix("f.bin: ") && !"\(error)".contains("\n"))
        return "\(error)"
    }

    @Test("The builders make sound archives")
    func sound() throws {
        let file = try TorchArchive(
            data: TestZip.torch(TestPickle.tensor(shape: [2, 2], strides: [1, 2])), verifyChecksums: true)
        #expect(try file.tensor("a").bytes == [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15])
    }

    static let impossibleViews: [(Int, Int, [Int], [Int])] = [
        (4, 0, [5], [1]),
        (4, 1, [4], [1]),
        (4, -1, [4], [1]),
        (4, 0, [-4], [1]),
        (4, 0, [4], [-1]),
        (4, 0, [2, 2], [1]),
        (4, 0, [1 << 62, 4], [1, 1]),
        (4, 0, [0, 1 << 62, 4], [1, 1, 1]),
        (4, 0, [2], [Int.max]),
        (4, Int.max, [2], [1]),
        (4, 0, [3, 3], [Int.max / 2, Int.max / 2]),
        (5, 0, [5], [1]),
        (Int.max, 0, [4], [1]),
        (-4, 0, [4], [1]),
        (4, 0, [1 << 40], [0]),
        (4, 0, [1 << 20, 1 << 20], [0, 0]),
    ]

    @Test("Views that reach outside their elements, or overflow", arguments: MaliciousArchiveTests.impossibleViews)
    func views(count: Int, offset: Int, shape: [Int], strides: [Int]) throws {
        let pickle = TestPickle.tensor(count: count, offset: offset, shape: shape, strides: strides)
        let text = try refusal(TestZip.torch(pickle))
        #expect(text.contains("tensor 'a'"), "\(text)")
    }

    @Test("Strange but sound: a stride that no element uses, an empty tensor behind the end, a small broadcast")
    func strangeViews() throws {
        let views: [(shape: [Int], strides: [Int])] = [
            ([1, 4], [Int.max, 1]), ([4, 1], [1, Int.max]), ([0, 4], [9, 9]), ([3, 1, 5], [0, Int.max, 0]),
        ]
        for (shape, strides) in views {
            let tensor = try TorchArchive(data: TestZip.torch(TestPickle.tensor(shape: shape, strides: strides)))
                .tensor("a")
            #expect(tensor.shape == shape)
            #expect(tensor.floats().count == shape.reduce(1, *))
        }
    }

    @Test("Pickles that call or build something", arguments: MaliciousArchiveTests.programs)
    func pickles(program: Program) throws {
        let text = try refusal(TestZip.torch(program.bytes))
        #expect(text.contains(program.reason), "\(text)")
    }

    struct Program: Sendable {
        let bytes: [UInt8]
        let reason: String

        init(_ bytes: [UInt8], _ reason: String) {
            self.bytes = bytes
            self.reason = reason
        }

        init(calls module: String, _ name: String, then rest: [UInt8] = [0x2e], _ reason: String) {
            self.init(TestPickle.global(module, name) + rest, reason)
        }
    }

    static let programs: [Program] = [
        Program(calls: "os", "system", then: [0x8c, 2, 0x69, 0x64, 0x85, 0x52, 0x2e], "would have os.system called"),
        Program(calls: "os.path", "join", "would have os.path.join called"),
        Program(calls: "builtins", "eval", "would have builtins.eval called"),
        Program(calls: "__builtin__", "getattr", "would have __builtin__.getattr called"),
        Program(calls: "subprocess", "Popen", "would have subprocess.Popen called"),
        Program(calls: "torch.storage", "_load_from_bytes", "a whole object (torch.storage._load_from_bytes)"),
        Program(calls: "os\u{1b}[2J", "x", #"object (os\u{1b}[2J.x)"#),
        Program(calls: "collections", "OrderedDict", then: [0x29, 0x81, 0x2e], "holds no tensors"),
        Program(calls: "collections", "OrderedDict", then: [0x5d, 0x4e, 0x61, 0x85, 0x52, 0x2e], "in an unknown way"),
        Program(calls: "argparse", "Namespace", then: [0x29, 0x81, 0x2e], "a whole object (argparse.Namespace)"),
        Program(calls: "torch", "FloatStorage", then: [0x29, 0x52, 0x2e], "calls a type"),
        Program([0x8c, 2, 0x6f, 0x73, 0x8c, 1, 0x78, 0x93, 0x2e], "would have os.x called"),
        Program([0x28, 0x69, 0x6f, 0x73, 0x0a, 0x78, 0x0a, 0x2e], "would have os.x called"),
        Program([0x82, 1, 0x2e], "a whole object (extension 1)"),
        Program([0x28, 0x6f, 0x2e], "an object of nothing"),
        Program([0x50, 0x30, 0x0a, 0x2e], "instruction PERSID"),
        Program([0x97, 0x2e], "instruction NEXT_BUFFER"),
        Program([0x8b, 0xff, 0xff, 0xff, 0xff, 0x2e], "ends too early"),
        Program([0x8b, 0xff, 0xff, 0xff, 0x7f, 0x2e], "ends too early"),
        Program([0x8e] + [UInt8](repeating: 0xff, count: 8) + [0x2e], "bytes that end outside"),
        Program([0x5d, 0x29, 0x52, 0x2e], "calls something that is no function"),
        Program([0x5d, 0x7d, 0x62, 0x2e], "sets the attributes of something that has none"),
        Program([0x80, 9, 0x2e], "protocol 9"),
        Program([0x2e], "does not end with one value"),
        Program([], "ends too early"),
        Program([0x4e, 0x4e, 0x2e], "does not end with one value"),
        Program([0x4e, 0x2e, 0x4e], "does not end with one value"),
        Program([0x85, 0x2e], "takes more from its stack"),
        Program([0x4e, 0x28, 0x85, 0x2e], "takes more from its stack"),
        Program([0x74, 0x2e], "lacks a mark"),
        Program([0x68, 7, 0x2e], "recalls something"),
        Program([0x71, 0, 0x2e], "empty stack"),
        Program([0x58, 0xff, 0xff, 0xff, 0xff, 0x2e], "text that ends outside"),
        Program([0x54, 0xff, 0xff, 0xff, 0xff, 0x2e], "text that ends outside"),
        Program([0x8d] + [UInt8](repeating: 0xff, count: 8) + [0x2e], "text that ends outside"),
        Program([0x8a, 200, 0x2e], "ends too early"),
        Program([0x4e, 0x2e], "something else than a dictionary"),
        Program([0x29, 0x51, 0x2e], "refers to something else"),
        Program([0x8c, 1, 0xff, 0x2e], "not UTF-8"),
    ]

    @Test("Deep nesting, cycles and floods end in a line, fast")
    func floods() throws {
        let million = 1_000_000
        let deep = [UInt8](repeating: 0x29, count: 1) + [UInt8](repeating: 0x85, count: million) + [0x2e]
        #expect(try refusal(TestZip.torch(deep)).contains("something else than a dictionary"))
        let cycle: [UInt8] = [0x5d, 0x94, 0x68, 0, 0x61, 0x2e]
        #expect(try refusal(TestZip.torch(cycle)).contains("something else than a dictionary"))
        let marks = [UInt8](repeating: 0x28, count: 3 * million)
        #expect(try refusal(TestZip.torch(marks)).contains("more room"))
        let stack = [UInt8](repeating: 0x4e, count: 3 * million)
        #expect(try refusal(TestZip.torch(stack)).contains("more room"))
        let endless = (0..<16 * million + 2).map { UInt8($0 % 2 == 0 ? 0x80 : 2) }
        #expect(try refusal(TestZip.torch(endless)).contains("longer than any model's"))
    }

    @Test("Zip directories that lie")
    func directories() throws {
        let pickle = TestZip.Entry(name: "m/data.pkl", data: TestPickle.tensor(shape: [4], strides: [1]))
        let storage = TestZip.Entry(name: "m/data/0", data: Array(0..<16))
        func refuse(_ data: Data, _ reason: String) throws {
            let text = try refusal(data)
            #expect(text.contains(reason), "\(text)")
        }
        var bomb = TestZip.Entry(name: "m/data/1", data: Array(0..<10), method: 8)
        try refuse(TestZip.archive([pickle, storage, bomb]), "'m/data/1' is compressed")
        bomb.method = 0
        bomb.claimed = 0x7fff_ffff
        try refuse(TestZip.archive([pickle, storage, bomb]), "overlaps what follows")
        bomb.claimed = nil
        // Every entry shares one content, as in overlapping zip bombs.
        try refuse(TestZip.archive([pickle, storage, bomb], headerOffsets: [2: 0]), "overlaps")
        try refuse(TestZip.archive([pickle, storage, bomb], headerOffsets: [2: 5]), "overlaps")
        try refuse(
            TestZip.archive([pickle, storage], headerOffsets: [1: 0xffff_fff0]), "overlaps")
        try refuse(TestZip.archive([pickle, storage], headerOffsets: [0: 1]), "begin where the directory says")
        try refuse(TestZip.archive([pickle, storage, storage]), "two entries named 'm/data/0'")
        try refuse(TestZip.archive([pickle, storage], count: 9), "claims 9 entries")
        try refuse(TestZip.archive([pickle, storage], count: 0xffff), "zip64 directory is missing")
        try refuse(TestZip.archive([storage]), "no data.pkl")
        try refuse(TestZip.archive([]), "no data.pkl")
        var second = pickle
        second.name = "n/data.pkl"
        try refuse(TestZip.archive([pickle, storage, second]), "2 pickles")
        var wrong = pickle
        wrong.checksum = 1
        try refuse(TestZip.archive([wrong, storage]), "checksum of its entry 'm/data.pkl'")
    }

    @Test("Every truncation of an official archive is refused")
    func truncations() throws {
        let whole = try Data(contentsOf: fixtures.appendingPathComponent("wrapped.pth"))
        for length in 0..<whole.count {
            #expect(weightError { _ = try TorchArchive(data: whole.prefix(length)) } != nil, "\(length) bytes")
        }
    }

    @Test("Thousands of damaged archives and pickles: errors or sound tensors, no crash")
    func mutations() throws {
        var random = SystematicRandom(seed: 2)
        for name in ["wrapped.pth", "views_streamed.pth", "views_zip64.pth"] {
            let whole = try Data(contentsOf: fixtures.appendingPathComponent(name))
            for _ in 0..<1500 { touchAll(random.mutate(whole)) }
        }
        // Past the checksum: the pickle changes, the archive around it is sound.
        let pickle = Data(TestPickle.tensor(shape: [2, 2], strides: [1, 2]))
        for _ in 0..<6000 { touchAll(TestZip.torch([UInt8](random.mutate(pickle)))) }
    }

    @Test("Every truncation of a file of before 1.6 is refused")
    func legacyTruncations() throws {
        let whole = try Data(contentsOf: fixtures.appendingPathComponent("legacy.pth"))
        #expect(weightError { _ = try TorchArchive(data: whole) } == nil)
        for length in 0..<whole.count {
            #expect(weightError { _ = try TorchArchive(data: whole.prefix(length)) } != nil, "\(length) bytes")
        }
    }

    @Test("Thousands of damaged files of before 1.6: errors or sound tensors, no crash")
    func legacyMutations() throws {
        var random = SystematicRandom(seed: 3)
        for name in ["legacy.pth", "legacy_views.pth", "rare_values_legacy.pth"] {
            let whole = try Data(contentsOf: fixtures.appendingPathComponent(name))
            for _ in 0..<1500 { touchAll(random.mutate(whole)) }
        }
    }

    /// A file of before 1.6 with one tensor 'a' of storage '0'.
    static func legacy(
        count: Int = 4, offset: Int = 0, shape: [Int] = [4], strides: [Int] = [1], view: [UInt8] = [0x4e],
        keys: [String] = ["0"], written: Int = 4, data: Int = 16, littleEndian: Bool = true, version: Int = 1001
    ) -> Data {
        var out: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
        out += [0x80, 2] + TestPickle.integer(version) + [0x2e]
        out += [0x80, 2, 0x7d] + TestPickle.text("little_endian") + [littleEndian ? 0x88 : 0x89, 0x73, 0x2e]
        out += [0x80, 2, 0x7d] + TestPickle.text("a") + TestPickle.global("torch._utils", "_rebuild_tensor_v2")
        out += [0x28, 0x28] + TestPickle.text("storage") + TestPickle.global("torch", "FloatStorage")
        out += TestPickle.text("0") + TestPickle.text("cpu") + TestPickle.integer(count) + view + [0x74, 0x51]
        out += TestPickle.integer(offset) + TestPickle.tuple(shape) + TestPickle.tuple(strides)
        out += [0x89, 0x7d, 0x74, 0x52, 0x73, 0x2e]
        out += [0x80, 2, 0x5d, 0x28] + keys.flatMap(TestPickle.text) + [0x65, 0x2e]
        out += written.littleEndianBytes + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
        return Data(out)
    }

    @Test("Files of before 1.6 that lie")
    func lyingLegacy() throws {
        let sound = try TorchArchive(data: Self.legacy())
        #expect(try sound.tensor("a").bytes == Array(0..<16))
        // Two of the last three of four elements, as very old files say it.
        let part = [0x28] + TestPickle.text("v") + TestPickle.integer(1) + TestPickle.integer(3) + [0x74]
        let view = try TorchArchive(data: Self.legacy(offset: 1, shape: [2], view: part))
        #expect(try view.tensor("a").bytes == Array(8..<16))
        let outside = [0x28] + TestPickle.text("v") + TestPickle.integer(3) + TestPickle.integer(2) + [0x74]
        let wide = [0x28] + TestPickle.text("v") + TestPickle.integer(.max) + TestPickle.integer(.max) + [0x74]
        for (data, reason) in [
            (Self.legacy(written: 5), "5 stored elements '0' where its pickle says 4"),
            (Self.legacy(count: 5, written: 5), "reach beyond its end"),
            (Self.legacy(count: .max, written: .max), "reach beyond its end"),
            (Self.legacy(count: -1, written: -1), "reach beyond its end"),
            (Self.legacy(data: 15), "reach beyond its end"),
            (Self.legacy(shape: [5]), "reaches outside"), (Self.legacy(offset: -1), "impossible"),
            (Self.legacy(offset: .max, shape: [2]), "reaches outside"),
            (Self.legacy(shape: [1], view: outside), "a part of its stored elements that is outside"),
            (Self.legacy(shape: [1], view: wide), "a part of its stored elements that is outside"),
            (Self.legacy(offset: 2, shape: [2], view: part), "reaches outside"),
            (Self.legacy(keys: ["1"]), "that no tensor has"), (Self.legacy(keys: []), "its elements are missing"),
            (Self.legacy(keys: ["0", "0"], data: 40), "pickle says 4"),
            (Self.legacy(littleEndian: false), "big-endian"),
            (Self.legacy(version: 1000), "another version"),
        ] {
            let text = try refusal(data)
            #expect(text.contains(reason), "\(text)")
        }
    }

    @Test("Lists that become dictionaries again and again take no memory without end")
    func copies() throws {
        var program = TestPickle.global("collections", "OrderedDict") + [0x71, 0, 0x5d, 0x28]
        for _ in 0..<1000 { program += [0x4e, 0x4e, 0x86] }
        program += [0x65, 0x85, 0x71, 1]
        for _ in 0..<1_500_000 { program += [0x68, 0, 0x68, 1, 0x52, 0x30] }
        #expect(try refusal(TestZip.torch(program + [0x2e])).contains("more room"))
    }

    private func touchAll(_ data: Data) {
        guard let file = try? TorchArchive(data: data) else { return }
        for name in file.names { _ = try? file.tensor(name).floats() }
    }
}
