import Foundation
import Testing
import Tokenizers

@Suite struct DecodingTests {
    @Test(arguments: Model.allCases) func equalsHuggingFaceOnRandomIDs(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        let corpus = try Corpus.shared.get()
        let checksums = hexadecimals(expected.decoded)
        #expect(checksums.count == 5000)
        let wrong = checksums.indices.filter { seed in
            let ids = corpus.randomIDs(seed: seed, limit: expected.size)
            return CRC32.of(tokenizer.decode(ids, skippingSpecial: seed % 2 == 0)) != checksums[seed]
        }
        #expect(wrong.isEmpty, "\(wrong.count) differ, such as seed \(wrong.first ?? 0)")
    }

    @Test(arguments: Model.allCases) func givesBackTheComposedText(model: Model) throws {
        let tokenizer = try model.tokenizer()
        let corpus = try Corpus.shared.get()
        for text in corpus.texts + (0..<500).map(corpus.randomText) {
            let decoded = tokenizer.decode(tokenizer.encode(text, special: .asText), skippingSpecial: false)
            // Composition itself is held to Hugging Face's by `ScalarTests`.
            let composed = CanonicalComposition.composed(text)
            #expect(Array(decoded.utf8) == Array(composed.utf8), "\(text.debugDescription)")
        }
    }

    @Test func leavesOutSpecialTokensAndUnknownIDs() throws {
        let tokenizer = try Model.shapes.tokenizer()
        let ids = tokenizer.encode("<|im_start|>a<image>b<|im_end|>")
        #expect(tokenizer.decode(ids) == "a<image>b")
        #expect(tokenizer.decode(ids, skippingSpecial: false) == "<|im_start|>a<image>b<|im_end|>")
        #expect(tokenizer.decode([-1, .min, .max, 999_999] + tokenizer.encode("x")) == "x")
        #expect(tokenizer.decode([]) == "")
    }
}

@Suite struct StreamingDetokenizerTests {
    @Test(arguments: Model.allCases) func joinedPiecesEqualTheWhole(model: Model) throws {
        let tokenizer = try model.tokenizer()
        let corpus = try Corpus.shared.get()
        var lists = corpus.texts.map { tokenizer.encode($0) }
        lists += (0..<2000).map { corpus.randomIDs(seed: $0, limit: tokenizer.vocabularySize) }
        for ids in lists {
            for skipping in [true, false] {
                var detokenizer = StreamingDetokenizer(tokenizer, skippingSpecial: skipping)
                var text = ""
                for id in ids { text += detokenizer.append(id) }
                text += detokenizer.finish()
                #expect(Array(text.utf8) == Array(tokenizer.decode(ids, skippingSpecial: skipping).utf8))
            }
        }
    }

    @Test func everySplitOfAListEqualsTheWhole() throws {
        let tokenizer = try Model.shapes.tokenizer()
        let text = "é 👩‍🚀 中文 \u{10FFFF}!"
        let ids = tokenizer.encode(text)
        #expect(ids.count > 20)
        for split in 0...ids.count {
            var first = StreamingDetokenizer(tokenizer)
            let start = ids[..<split].map { first.append($0) }.joined()
            // No half character before the end: what came so far is a beginning of the text.
            #expect(text.unicodeScalars.starts(with: start.unicodeScalars))
            #expect(start.unicodeScalars.allSatisfy { $0 != "\u{FFFD}" })
            var second = first
            #expect(start + first.finish() == tokenizer.decode(ids[..<split]))
            let rest = ids[split...].map { second.append($0) }.joined() + second.finish()
            #expect(Array((start + rest).utf8) == Array(text.utf8))
        }
    }

    @Test func replacesAnUnfinishedCharacterAtTheEnd() throws {
        let tokenizer = try Model.shapes.tokenizer()
        var detokenizer = StreamingDetokenizer(tokenizer)
        let ids = tokenizer.encode("\u{1F9D1}")
        #expect(ids.count == 4)
        #expect(ids.dropLast().map { detokenizer.append($0) } == ["", "", ""])
        #expect(detokenizer.finish() == "\u{FFFD}")
        #expect(detokenizer.finish() == "")
    }
}
