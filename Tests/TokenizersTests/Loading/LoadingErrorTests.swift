import FlashUTesting
import Foundation
import Testing
import Tokenizers

/// Files that can't be used end in a typed error of one line.
@Suite struct LoadingErrorTests {
    private static let original = Result {
        try String(contentsOf: RepositoryFiles.resource("tokenizer/shapes.json"), encoding: .utf8)
    }

    /// The error of loading a text.
    private func failure(_ text: String) -> TokenizerError? { failure(Data(text.utf8)) }

    private func failure(_ data: Data) -> TokenizerError? {
        do throws(TokenizerError) {
            _ = try Tokenizer(data: data)
            return nil
        } catch {
            return error
        }
    }

    /// The shapes tokeniser's file with a change in one place.
    private func changed(_ old: String, _ new: String) throws -> String {
        let text = try Self.original.get()
        let range = try #require(text.range(of: old, options: .literal), "\(old)")
        return text.replacingCharacters(in: range, with: new)
    }

    /// A place in the file, what it is replaced by, and part of the error.
    private static let changes: [(String, String, String)] = [
        // Settings that would change the ids.
        (#""type": "BPE""#, #""type": "Unigram""#, "model.type is \"Unigram\""),
        (#""dropout": null"#, #""dropout": 0.1"#, "model.dropout is 0.1"),
        (
            #""continuing_subword_prefix": null"#, #""continuing_subword_prefix": "@@""#,
            "model.continuing_subword_prefix"
        ),
        (#""end_of_word_suffix": null"#, #""end_of_word_suffix": "</w>""#, "model.end_of_word_suffix"),
        (#""type": "NFC""#, #""type": "NFKC""#, "normalizer is an object of type \"NFKC\""),
        (#"\\p{N}| ?"#, #"\\p{N}{2}| ?"#, "\\p{N}{2}|"),
        (#""behavior": "Isolated""#, #""behavior": "MergedWithNext""#, "pre_tokenizer.behavior"),
        (#""use_regex": false"#, #""use_regex": true"#, "pre_tokenizer.use_regex"),
        (#""add_prefix_space": false"#, #""add_prefix_space": true"#, "pre_tokenizer.add_prefix_space"),
        (#""type": "Split""#, #""type": "Whitespace""#, "pre_tokenizer"),
        // Contradictions.
        (#""id": 1014"#, #""id": 1013"#, "gives the id 1013 twice"),
        (#""id": 1014"#, #""id": 7"#, "added_tokens gives \"<|im_start|>\" the id 7"),
        (#""id": 1014"#, #""id": -1"#, "added_tokens[1].id"),
        (#""id": 1014"#, #""id": 99999999999999999999"#, "added_tokens[1].id"),
        (#""id": 1014"#, #""id": 1e3"#, "added_tokens[1].id"),
        (#""content": "<|im_start|>""#, #""content": "<|endoftext|>""#, "added_tokens has \"<|endoftext|>\" twice"),
        (#""content": "<|im_start|>""#, #""content": """#, "added_tokens[1].content"),
        (#""special": true"#, #""special": "yes""#, "added_tokens[0].special"),
        (#""$": 3"#, #""$": 2"#, "gives the id 2 to both"),
        (#""$": 3"#, #""!": 3"#, "twice"),
        (#""$": 3"#, #""$": 4194304"#, "out of 0...4194303"),
        (#""$": 3"#, #""$": -2"#, "out of 0...4194303"),
        (#""$": 3"#, #""$": 3.5"#, "expected an integer"),
        (#""$": 3,"#, "", "lacks \"$\", the byte 36"),
        (#""merges": ["#, #""merges": [["zzz", "a"],"#, "needs the token \"zzz\""),
        (#""merges": ["#, #""merges": [["a"],"#, "model.merges[0] is not a pair"),
        (#""merges": ["#, #""merges": [["a", "b", "c"],"#, "model.merges[0] is not a pair"),
        (#""merges": ["#, #""merges": ["a b c","#, "model.merges[0] is not a pair"),
        (#""merges": ["#, #""merges": ["a","#, "model.merges[0] is not a pair"),
        (#""merges": ["#, #""merges": [7,"#, "expected '\"'"),
        (#""merges": ["#, #""merges": [], "merges": ["#, "model.merges appears twice"),
        (#""merges": ["#, #""other": ["#, "model.merges is missing"),
        (#""vocab": {"#, #""other": {"#, "model.vocab is missing"),
        (#""model": {"#, #""other": {"#, "model is missing"),
        (#""decoder": {"#, #""other": {"#, "decoder is null"),
    ]

    @Test(arguments: changes)
    func refuses(old: String, new: String, message: String) throws {
        let error = try #require(failure(try changed(old, new)), "\(new) was accepted")
        #expect(error.description.contains(message), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: [
        "", " ", "{", "[", "{}", "[]", "null", "7", "\"text\"", "{\"model\"}", "{\"model\":}", "{\"model\":{}}", "{,}",
        "tru",
        "{\"a\":1,}", "{\"a\" 1}", "{'a':1}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":-}", "{\"a\":1e}", "{\"a\":+1}",
        "{\"a\":NaN}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\u{1}\"}", "{\"a\":\"", "{\"a\":\"\\", "\u{FEFF}{}", "{} {}", "{\"a\":[1 2]}", "{\"a\":[1,]}",
        "{\"a\":1}}",
    ])
    func refusesWhatIsNoTokenizer(text: String) {
        #expect(failure(text).map { !$0.description.isEmpty } ?? false)
    }

    @Test func refusesDeepNesting() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let value = String(repeating: open, count: 1_000_000) + "1" + String(repeating: close, count: 1_000_000)
            for field in ["other", "normalizer", "added_tokens"] {
                let error = try #require(failure("{\"\(field)\":\(value)}"))
                #expect(error.description.contains("nested deeper than 64"))
            }
        }
    }

    @Test func refusesEndlessAddedTokens() throws {
        let endless = String(repeating: "x", count: 5 << 20)
        let error = try #require(failure(try changed("<|im_start|>", endless)))
        #expect(error.description.contains("more than 4 MiB"))
    }

    @Test func refusesInvalidUTF8InStrings() throws {
        var bytes = Array("{\"a\":\"".utf8)
        bytes += [0xC3, 0x28]
        bytes += Array("\"}".utf8)
        #expect(try #require(failure(Data(bytes))).description.contains("ill-formed UTF-8"))
    }

    @Test func namesMissingAndOddFiles() throws {
        let folder = FileManager.default.temporaryDirectory
        for (path, message) in [
            (folder.appending(path: "no-such-\(UUID().uuidString).json"), "no such file"),
            (folder, "not a regular file"),
            (URL(filePath: "/dev/zero"), "not a regular file"),
        ] {
            #expect {
                _ = try Tokenizer(contentsOf: path)
            } throws: { error in
                "\(error)".contains(message) && !"\(error)".contains("\n")
            }
        }
    }

    /// Truncated anywhere or with a damaged byte, the file is refused or read, never a crash.
    @Test func survivesDamage() throws {
        let bytes = Array(try Self.original.get().utf8)
        var random = SplitMix(state: 42)
        var refused = 0
        for _ in 0..<300 {
            if failure(Data(bytes[..<random.below(bytes.count - 1)])) != nil { refused += 1 }
        }
        #expect(refused == 300)
        refused = 0
        for _ in 0..<700 {
            var damaged = bytes
            for _ in 0...random.below(3) { damaged[random.below(bytes.count)] = UInt8(random.below(256)) }
            if failure(Data(damaged)) != nil {
                refused += 1
            } else if let tokenizer = try? Tokenizer(data: Data(damaged)) {
                #expect(
                    tokenizer.decode(tokenizer.encode("a red circle é<|im_end|>"), skippingSpecial: false).isEmpty
                        == false)
            }
        }
        #expect(refused > 300)
    }

    @Test func acceptsReorderedAndEscapedFiles() throws {
        let object = try JSONSerialization.jsonObject(with: Data(try Self.original.get().utf8))
        // Sorted keys put the merges before the vocabulary.
        let sorted = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        let escaped = try Self.original.get().unicodeScalars.map {
            $0.isASCII ? String($0) : "\\u" + String(65536 + $0.value, radix: 16).dropFirst()
        }.joined()
        let expected = try Model.shapes.tokenizer().encode("a red circle and a déjà vu<|im_end|>")
        for data in [sorted, Data(escaped.utf8)] {
            #expect(try Tokenizer(data: data).encode("a red circle and a déjà vu<|im_end|>") == expected)
        }
    }
}
