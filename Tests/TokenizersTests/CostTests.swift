import Foundation
import Testing
import Tokenizers

@Suite struct CostTests {
    /// Comparisons made while merging one word without end.
    private func comparisons(_ unit: String, bytes: Int) throws -> (count: Int, ids: Int) {
        let tokenizer = try Model.shapes.tokenizer()
        var merger = WordMerger()
        var ids: [Int] = []
        let text = String(repeating: unit, count: bytes / unit.utf8.count)
        tokenizer.encode(valid: Array(text.utf8), .recognise, with: &merger, into: &ids)
        return (merger.comparisons, ids.count)
    }

    /// n log n grows by 2.1 from half a megabyte to one; n squared by 4.
    @Test(arguments: ["a", "abcdefgh", "the", "é", "中", "="]) func mergingIsNearlyLinear(unit: String) throws {
        let half = try comparisons(unit, bytes: 1 << 19)
        let whole = try comparisons(unit, bytes: 1 << 20)
        #expect(half.ids > 1000)
        #expect(half.count < 40 * (1 << 19))
        #expect(Double(whole.count) < 2.5 * Double(max(half.count, 1000)))
    }

    /// A run of marks that all have to be sorted, a run of white space and of beginnings of added tokens: in a time that
    /// allows no quadratic step (each would be 10^12 operations).
    @Test(arguments: ["\u{301}\u{316}", " \u{A0}", "\n ", "<|im_", "'", "\u{1100}\u{1161}\u{11A8}"])
    func aMegabyteOfOneKindEnds(unit: String) throws {
        let tokenizer = try Model.shapes.tokenizer()
        let text = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
        let duration = ContinuousClock().measure { #expect(tokenizer.encode(text).count > 1000) }
        #expect(duration < .seconds(60))
    }

    /// The full-size file; the measured time is printed, the bound allows for a busy machine.
    @Test func loadsTheFullSize() throws {
        let data = try Fixtures.qwenData.get()
        #expect(data.count > 7_000_000)
        var times: [Duration] = []
        for _ in 0..<3 { times.append(try ContinuousClock().measure { _ = try Tokenizer(data: data) }) }
        let fastest = try #require(times.min())
        print("loading \(data.count) bytes of tokenizer.json: \(fastest)")
        #expect(fastest < .seconds(5))
    }
}
