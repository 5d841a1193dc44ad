import FlashUTesting
import Foundation
import Tokenizers

/// What Hugging Face `tokenizers` makes of the corpus: `Tools/tokenizer_corpus.py` wrote it.
struct Corpus: Decodable {
    struct Expectations: Decodable {
        let size: Int
        let texts: [[Int]]
        let asText: [[Int]]
        let bytes: [[Int]]
        let long: [[UInt32]]
        let random: String
        let randomStart: [[Int]]
        let decoded: String
    }

    struct Repeated: Decodable {
        let text: String
        let times: Int

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            text = try container.decode(String.self)
            times = try container.decode(Int.self)
        }
    }

    let texts: [String]
    let long: [Repeated]
    let bytes: [String]
    let pools: [[String]]
    let shapes: Expectations
    let qwen: Expectations

    enum CodingKeys: String, CodingKey {
        case texts, long, bytes, pools, shapes
        case qwen = "qwen2.5"
    }

    static let shared = Result { try Fixtures.decode(Corpus.self, "corpus.json") }

    /// The random text of a seed, as the script makes it.
    func randomText(seed: Int) -> String {
        var random = SplitMix(state: UInt64(seed))
        var text = ""
        for _ in 0..<random.below(25) {
            let pool = pools[random.below(pools.count)]
            for _ in 0..<1 + random.below(4) { text += pool[random.below(pool.count)] }
        }
        return text
    }

    /// The random ids of a seed, as the script makes them.
    func randomIDs(seed: Int, limit: Int) -> [Int] {
        var random = SplitMix(state: UInt64(seed) ^ 0x5EED)
        let count = random.below(13)
        return (0..<count).map { _ in random.below(limit) }
    }
}

/// The two tokenisers that the corpus was encoded with.
enum Model: String, CaseIterable, Sendable {
    case shapes, qwen

    func tokenizer() throws -> Tokenizer {
        switch self {
        case .shapes: try Fixtures.shapes.get()
        case .qwen: try Fixtures.qwen.get()
        }
    }

    func expectations() throws -> Corpus.Expectations {
        let corpus = try Corpus.shared.get()
        return self == .shapes ? corpus.shapes : corpus.qwen
    }
}

enum Fixtures {
    static let shapes = Result { try Tokenizer(contentsOf: RepositoryFiles.resource("tokenizer/shapes.json")) }
    static let qwenData = Result { try gunzip(RepositoryFiles.resource("tokenizer/qwen2.5.json.gz")) }
    static let qwen = Result { try Tokenizer(data: try qwenData.get()) }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: RepositoryFiles.resource("tokenizer/" + name)))
    }

    private static func gunzip(_ url: URL) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", url.path(percentEncoded: false)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }
}

/// The same generator as in the script.
struct SplitMix {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ z >> 31) % UInt64(limit))
    }
}

/// CRC-32 as zlib has it.
struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    private var state: UInt32 = 0xFFFF_FFFF

    mutating func update(_ byte: UInt8) { state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ state >> 8 }

    /// An integer as 32-bit little endian.
    mutating func update(_ value: Int) {
        for shift in [0, 8, 16, 24] { update(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    var value: UInt32 { ~state }

    /// Of integers as 32-bit little endian.
    static func of(_ values: some Sequence<Int>) -> UInt32 {
        var crc = CRC32()
        for value in values { crc.update(value) }
        return crc.value
    }

    static func of(_ text: String) -> UInt32 {
        var crc = CRC32()
        for byte in text.utf8 { crc.update(byte) }
        return crc.value
    }
}

/// The values of a string of eight hexadecimal digits each.
func hexadecimals(_ text: String) -> [UInt32] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 7, by: 8).map { start in
        UInt32(String(decoding: digits[start..<start + 8], as: UTF8.self), radix: 16) ?? 0
    }
}
