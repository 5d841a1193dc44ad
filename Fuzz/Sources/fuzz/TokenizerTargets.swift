import Foundation
import Tokenizers

extension FuzzTarget {
    /// The tokeniser's file and the texts it is given.
    static let tokenizerTargets: [FuzzTarget] = [
        FuzzTarget(name: "tokenizer-json", seeds: (0..<8).map(variantSeed)) { data in
            do {
                let tokenizer = try Tokenizer(data: data)
                roundTrip(Array("Hello  wörld <a> 123\n e\u{301}".utf8), tokenizer)
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "tokenizer-text",
            seeds: [
                .text("words", "A photo of two red circles, isn't it?  \n\n\t 12345 <|im_end|> <|im_en"),
                .text("scripts", "e\u{301}\u{327} \u{1100}\u{1161}\u{11a8} ไทย 漢字 👩‍👩‍👧 ①Ⅷ\u{a0}\u{85}\u{2028}"),
                Seed(name: "ill-formed") { _ in
                    Data([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xe2, 0x82])
                },
            ]
        ) { data in
            guard let tokenizer = shapesTokenizer else {
                fatalError("Tests/Resources/tokenizer/shapes.json is missing")
            }
            let bytes = Array(data)
            let ids = tokenizer.encode(utf8: bytes, special: .asText)
            guard !ids.contains(where: tokenizer.isSpecial) else { fatalError("text became a special token") }
            guard tokenizer.encode(tokenizer.decode(ids), special: .asText) == ids else { fatalError("unstable") }
            roundTrip(bytes, tokenizer)
        },
    ]

    private static let shapesTokenizer = try? Tokenizer(
        contentsOf: resources.appendingPathComponent("tokenizer/shapes.json"))

    /// Every id is in range, and decoding piece by piece gives what decoding at once gives.
    private static func roundTrip(_ bytes: [UInt8], _ tokenizer: Tokenizer) {
        let ids = tokenizer.encode(utf8: bytes)
        guard ids.allSatisfy({ (0..<tokenizer.vocabularySize).contains($0) }) else { fatalError("an id out of range") }
        for skipping in [true, false] {
            var stream = StreamingDetokenizer(tokenizer, skippingSpecial: skipping)
            var pieces = ids.map { stream.append($0) }
            pieces.append(stream.finish())
            guard pieces.joined().utf8.elementsEqual(tokenizer.decode(ids, skippingSpecial: skipping).utf8) else {
                fatalError("streaming and decoding differ")
            }
        }
    }

    private static func variantSeed(_ index: Int) -> Seed {
        Seed(name: "variant\(index)") { resources in
            let data = try Data(contentsOf: resources.appendingPathComponent("tokenizer/variants.json"))
            let all = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
            guard index < all.count, let text = all[index]["tokenizer"] as? String else { return Data("{}".utf8) }
            return Data(text.utf8)
        }
    }
}
