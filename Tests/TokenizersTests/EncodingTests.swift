import Foundation
import Testing
import Tokenizers

/// Equality with Hugging Face `tokenizers` 0.23.3.
@Suite struct EncodingTests {
    @Test(arguments: Model.allCases) func equalsHuggingFaceOnTexts(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        let texts = try Corpus.shared.get().texts
        #expect(texts.count == expected.texts.count && texts.count > 80)
        for (text, ids) in zip(texts, expected.texts) {
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
    }

    @Test(arguments: Model.allCases) func asTextEqualsHuggingFaceWithoutAddedTokens(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        for (text, ids) in zip(try Corpus.shared.get().texts, expected.asText) {
            #expect(tokenizer.encode(text, special: .asText) == ids, "\(text.debugDescription)")
        }
    }

    @Test(arguments: Model.allCases) func equalsHuggingFaceOnInvalidUTF8(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        let samples = try Corpus.shared.get().bytes
        #expect(samples.count == expected.bytes.count && samples.count > 30)
        for (sample, ids) in zip(samples, expected.bytes) {
            let digits = Array(sample)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            }
            #expect(tokenizer.encode(utf8: bytes) == ids, "\(sample)")
        }
    }

    /// The standard library replaces ill-formed parts by the same rule.
    @Test func repairsRandomBytesAsTheStandardLibrary() throws {
        let tokenizer = try Model.shapes.tokenizer()
        let interesting: [UInt8] = [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2, 0xED]
        let bytes = interesting + [0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF]
        var random = SplitMix(state: 7)
        for _ in 0..<20_000 {
            let sample = (0..<random.below(9)).map { _ in bytes[random.below(bytes.count)] }
            let expected = tokenizer.encode(String(decoding: sample, as: UTF8.self))
            #expect(tokenizer.encode(utf8: sample) == expected, "\(sample)")
        }
    }

    @Test(arguments: Model.allCases) func equalsHuggingFaceOnLongRuns(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        for (run, result) in zip(try Corpus.shared.get().long, expected.long) {
            let ids = tokenizer.encode(String(repeating: run.text, count: run.times))
            #expect(UInt32(ids.count) == result[0], "\(run.text.debugDescription) x \(run.times)")
            #expect(CRC32.of(ids) == result[1], "\(run.text.debugDescription) x \(run.times)")
        }
    }

    @Test(arguments: Model.allCases) func equalsHuggingFaceOnRandomTexts(model: Model) throws {
        let (tokenizer, expected) = (try model.tokenizer(), try model.expectations())
        let corpus = try Corpus.shared.get()
        for (seed, ids) in expected.randomStart.enumerated() {
            #expect(tokenizer.encode(corpus.randomText(seed: seed)) == ids)
        }
        let checksums = hexadecimals(expected.random)
        #expect(checksums.count == 10_000)
        let wrong = checksums.indices.filter {
            CRC32.of(tokenizer.encode(corpus.randomText(seed: $0))) != checksums[$0]
        }
        #expect(wrong.isEmpty, "\(wrong.count) differ, such as seed \(wrong.first ?? 0)")
    }

    @Test(arguments: Model.allCases) func noTextBecomesASpecialTokenAsText(model: Model) throws {
        let tokenizer = try model.tokenizer()
        let added = (0..<tokenizer.vocabularySize).filter { id in
            guard let name = tokenizer.token(of: id) else { return false }
            return tokenizer.isSpecial(id) || ["<image>", "<tool_call>", "<|vid_start|>"].contains(name)
        }
        #expect(added.count >= 10)
        for id in added {
            let name = try #require(tokenizer.token(of: id))
            #expect(tokenizer.encode(name) == [id])
            let ids = tokenizer.encode(name + "x" + name, special: .asText)
            #expect(Set(ids).isDisjoint(with: added))
            #expect(tokenizer.decode(ids, skippingSpecial: false) == name + "x" + name)
        }
    }

    @Test func encodesConcurrently() async throws {
        let tokenizer = try Model.qwen.tokenizer()
        let text = try Corpus.shared.get().texts.joined(separator: " ")
        let expected = tokenizer.encode(text)
        await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 { group.addTask { tokenizer.encode(text) } }
            for await ids in group { #expect(ids == expected) }
        }
    }

    @Test func looksUpTokens() throws {
        let tokenizer = try Model.qwen.tokenizer()
        #expect(tokenizer.vocabularySize == 151_665)
        #expect(tokenizer.vocabularySize == (try Model.qwen.expectations().size))
        #expect(tokenizer.id(of: "<|im_start|>") == 151_644)
        #expect(tokenizer.id(of: "<|im_end|>") == 151_645)
        #expect(tokenizer.token(of: 151_643) == "<|endoftext|>")
        #expect(tokenizer.id(of: "Ġred") == tokenizer.encode(" red").first)
        #expect(tokenizer.id(of: " red") == nil)
        #expect(tokenizer.id(of: "<|no_such_token|>") == nil)
        #expect(
            tokenizer.token(of: -1) == nil && tokenizer.token(of: 151_665) == nil && tokenizer.token(of: .max) == nil)
        for id in stride(from: 0, to: tokenizer.vocabularySize, by: 7) {
            let name = try #require(tokenizer.token(of: id))
            #expect(tokenizer.id(of: name) == id)
        }
    }
}
