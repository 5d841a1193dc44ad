import Foundation
import Testing
import Tokenizers

/// Every Unicode scalar behaves as in Hugging Face `tokenizers`, whichever Unicode versions are at work there.
@Suite struct ScalarTests {
    struct Fixture: Decodable {
        let block: Int
        let part: Int
        let text: String
        let normalText: String
        let matchText: String
        let tokenizer: String
        let normalized: String
        let matched: String
        let splits: [String: String]
    }

    private static let fixture = Result { try Fixtures.decode(Fixture.self, "scalars.json") }

    /// The blocks whose text, a template filled with each of their scalars, has another checksum than Hugging Face's.
    private static func wrongBlocks(
        _ checksums: String, _ template: String, part: Int? = nil,
        _ checksum: (inout CRC32, [UInt8]) throws -> Void
    ) throws -> [Int] {
        let size = try fixture.get().block
        let expected = hexadecimals(checksums)
        #expect(expected.count == 0x110000 / size)
        // By bytes, since `String` doesn't find "{c}" before a combining mark.
        var pieces: [[UInt8]] = [[]]
        var bytes = template.utf8[...]
        while let byte = bytes.first {
            if bytes.starts(with: "{c}".utf8) {
                pieces.append([])
                bytes = bytes.dropFirst(3)
            } else {
                pieces[pieces.count - 1].append(byte)
                bytes = bytes.dropFirst()
            }
        }
        let step = part ?? size
        return try expected.indices.filter { block in
            var crc = CRC32()
            for start in stride(from: block * size, to: (block + 1) * size, by: step) {
                var text: [UInt8] = []
                for scalar in (start..<start + step).lazy.compactMap({ Unicode.Scalar(UInt32($0)) }) {
                    text += pieces[0]
                    for piece in pieces.dropFirst() {
                        text += UTF8.encode(scalar) ?? .init()
                        text += piece
                    }
                }
                try checksum(&crc, text)
            }
            return crc.value != expected[block]
        }
    }

    @Test(arguments: ["qwen2", "llama3", "gpt2"]) func splits(pattern: String) throws {
        let fixture = try Self.fixture.get()
        let patterns: [String: SplitPattern] = [
            "qwen2": .qwen2(digits: 1), "llama3": .qwen2(digits: 3), "gpt2": .gpt2,
        ]
        let splitter = WordSplitter(try #require(patterns[pattern]))
        let wrong = try Self.wrongBlocks(try #require(fixture.splits[pattern]), fixture.text) { crc, text in
            for word in splitter.words(in: text) { crc.update(word.count) }
        }
        #expect(wrong.isEmpty, "blocks of \(fixture.block) scalars")
    }

    @Test func composes() throws {
        let fixture = try Self.fixture.get()
        let wrong = try Self.wrongBlocks(fixture.normalized, fixture.normalText) { crc, text in
            for byte in CanonicalComposition.composed(String(decoding: text, as: UTF8.self)).utf8 { crc.update(byte) }
        }
        #expect(wrong.isEmpty, "blocks of \(fixture.block) scalars")
    }

    @Test func boundsAddedTokens() throws {
        let fixture = try Self.fixture.get()
        let tokenizer = try Tokenizer(data: Data(fixture.tokenizer.utf8))
        let wrong = try Self.wrongBlocks(fixture.matched, fixture.matchText, part: fixture.part) { crc, text in
            for id in tokenizer.encode(utf8: text) { crc.update(id) }
        }
        #expect(wrong.isEmpty, "blocks of \(fixture.block) scalars")
    }
}
