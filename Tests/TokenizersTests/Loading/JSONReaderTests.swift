import Foundation
import Testing
import Tokenizers

@Suite struct JSONReaderTests {
    private func string(_ json: String) throws -> [UInt8] {
        var reader = JSONReader(Array(json.utf8))
        var result: [UInt8] = []
        try reader.readString(appendingTo: &result)
        try reader.finish()
        return result
    }

    @Test(arguments: [
        (#""""#, ""), (#" "a" "#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""é中😀""#, "é中😀"),
        (#""\u0041\u00e9\u4E2d""#, "Aé中"), (#""\ud83d\uDE00""#, "😀"), (#""\udbff\udfff""#, "\u{10FFFF}"),
        (#""\ud800\udc00""#, "\u{10000}"), (#""\u0000\u007f""#, "\0\u{7F}"), (#""e\u0301""#, "e\u{301}"),
    ])
    func readsStrings(json: String, text: String) throws {
        #expect(try string(json) == Array(text.utf8))
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ude00\ud83d""#, #""\u12g4""#, #""\u+123""#, #""\v""#, #""\""#,
        "\"\n\"",
        "\"\t\"", "'a'", "a", "",
    ])
    func refusesStrings(json: String) {
        #expect(throws: TokenizerError.self) { try string(json) }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), (" 7", 7), ("-1", -1), ("2147483647", 2_147_483_647), ("-2147483648", -2_147_483_648),
            ("2147483648", nil), ("123456789012345678901234567890", nil), ("01", nil), ("1.0", nil), ("1e3", nil),
            ("+1", nil),
            ("-", nil), ("", nil), ("x", nil),
        ] as [(String, Int32?)])
    func readsIntegers(json: String, value: Int32?) {
        var reader = JSONReader(Array(json.utf8))
        #expect((try? reader.readInteger()) == value)
    }

    /// Whatever a random change makes of a document, the reader accepts nothing that Foundation's refuses.
    @Test func isNoLaxerThanFoundation() {
        let document = #"{"a": [1, -2.5e+3, true, false, null, "x\n\u00e9\ud83d\ude00é"], "b": {"c": {}, "d": []}}"#
        let original = Array(document.utf8)
        let bytes = Array("{}[]\",:0123-+.eE\\untrfalse \n".utf8) + [0x00, 0xC3, 0xFF]
        var random = SplitMix(state: 1)
        var (accepted, refused) = (0, 0)
        for _ in 0..<20_000 {
            var changed = original
            for _ in 0...random.below(2) {
                let place = random.below(changed.count)
                switch random.below(3) {
                case 0: changed.remove(at: place)
                case 1: changed.insert(bytes[random.below(bytes.count)], at: place)
                default: changed[place] = bytes[random.below(bytes.count)]
                }
            }
            do throws(TokenizerError) {
                var reader = JSONReader(changed)
                try reader.skipValue()
                try reader.finish()
                accepted += 1
                let foundation = try? JSONSerialization.jsonObject(with: Data(changed), options: [.fragmentsAllowed])
                #expect(foundation != nil, "\(String(decoding: changed, as: UTF8.self))")
            } catch {
                refused += 1
            }
        }
        #expect(accepted > 1000 && refused > 1000)
    }
}
