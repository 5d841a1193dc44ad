import Foundation
import Testing
import Tokenizers

/// Files with other settings than Qwen2.5's, each with what Hugging Face `tokenizers` makes of it.
@Suite struct VariantTests {
    struct Variant: Decodable {
        let title: String
        let tokenizer: String
        let texts: [String]
        let ids: [[Int]]
        let decoded: [String]
        let decodedWithoutSpecial: [String]
    }

    @Test func equalHuggingFace() throws {
        let variants = try Fixtures.decode([Variant].self, "variants.json")
        #expect(variants.count >= 10)
        for variant in variants {
            let tokenizer = try Tokenizer(data: Data(variant.tokenizer.utf8))
            #expect(variant.texts.count > 25 && variant.ids.count == variant.texts.count)
            for (index, text) in variant.texts.enumerated() {
                let ids = tokenizer.encode(text)
                #expect(ids == variant.ids[index], "\(variant.title): \(text.debugDescription)")
                let decoded = tokenizer.decode(ids, skippingSpecial: false)
                #expect(Array(decoded.utf8) == Array(variant.decoded[index].utf8), "\(variant.title)")
                let withoutSpecial = tokenizer.decode(ids)
                #expect(Array(withoutSpecial.utf8) == Array(variant.decodedWithoutSpecial[index].utf8))
            }
        }
    }

    @Test func findsNormalizedTokensByEitherForm() throws {
        let variants = try Fixtures.decode([Variant].self, "variants.json")
        let tokenizer = try Tokenizer(data: Data(try #require(variants.first).tokenizer.utf8))
        let id = try #require(tokenizer.id(of: "e\u{301}\u{323}"))
        #expect(tokenizer.id(of: "\u{1EB9}\u{301}") == id)
        #expect(tokenizer.token(of: id).map { Array($0.utf8) } == Array("\u{1EB9}\u{301}".utf8))
    }

    @Test func reservedTokensOfTheVocabularyStayOutOfPlainText() throws {
        let variants = try Fixtures.decode([Variant].self, "variants.json")
        for variant in variants where variant.title.contains("added tokens") || variant.title.contains("ignored") {
            let tokenizer = try Tokenizer(data: Data(variant.tokenizer.utf8))
            // "hello" is both a merge of the model and a special token.
            let id = try #require(tokenizer.id(of: "hello"))
            #expect(tokenizer.encode("hello") == [id])
            let ids = tokenizer.encode("hello hello", special: .asText)
            #expect(!ids.contains(id) && tokenizer.decode(ids) == "hello hello")
        }
    }
}
