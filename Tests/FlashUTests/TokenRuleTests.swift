import Compute
import FlashU
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Every selection against a plain computation of its formula.
@Suite struct TokenRuleTests {
    let compute: CPUCompute

    init() throws { compute = try CPUCompute(precision: .f32, threads: 2) }

    /// Rows of features, as matrices and as arrays.
    func features(_ count: Int, _ width: Int, seed: UInt64) -> (features: TokenFeatures, rows: [[Float]]) {
        var random = SeededRandom(seed: seed)
        let tensor = random.tensor([count, width])
        return (TokenFeatures([tensor], compute), (0..<count).map { tensor.rows($0..<$0 + 1).floats() })
    }

    func cosine(_ a: [Float], _ b: [Float]) -> Double {
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    /// Greedy max-min, as plainly as it can be said.
    func divPrune(_ rows: [[Float]], _ count: Int, weights: [Double], without: Set<Int> = []) -> [Int] {
        let all = rows.indices.filter { !without.contains($0) }
        func distance(_ i: Int, _ j: Int) -> Double { 1 - cosine(rows[i], rows[j]) }
        var chosen: [Int] = []
        while chosen.count < count {
            let left = all.filter { !chosen.contains($0) }
            func score(_ i: Int) -> Double {
                let others = chosen.isEmpty ? all.filter { $0 != i } : chosen
                return weights[i] * (others.map { distance(i, $0) }.min() ?? 0)
            }
            chosen.append(left.dropFirst().reduce(left[0]) { score($1) > score($0) ? $1 : $0 })
        }
        return chosen.sorted()
    }

    @Test(arguments: [
        (TokenSelection.divPrune, 0.5), (.divPrune, 0.9), (.divPruneLowNorm, 0.6), (.divPruneHighNorm, 0.6),
    ])
    func divPruneIsGreedyMaxMin(selection: TokenSelection, ratio: Double) throws {
        let (features, rows) = features(40, 24, seed: 5)
        var tokens = ImageTokens(count: 40)
        tokens.features = features
        let norms = (0..<40).map { Float(1 + ($0 * 7) % 11) }
        tokens.valueNorms = norms
        let weights: [Double] = norms.map {
            selection == .divPrune ? 1 : selection == .divPruneHighNorm ? Double($0) : 1 / Double($0)
        }
        let kept = try selection.kept(tokens, dropRatio: ratio, seed: 0)
        #expect(kept == divPrune(rows, 40 - Int(40 * ratio), weights: weights))
        // Weights decide something.
        if selection != .divPrune {
            #expect(try kept != TokenSelection.divPrune.kept(tokens, dropRatio: ratio, seed: 0))
        }
    }

    @Test("Two groups of equal tokens: one of each stays, the first")
    func ties() throws {
        let rows = Tensor([1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1] as [Float], shape: [6, 2])
        var tokens = ImageTokens(count: 6)
        tokens.features = TokenFeatures([rows], compute)
        #expect(try TokenSelection.divPrune.kept(tokens, dropRatio: 0.67, seed: 0) == [0, 2])
        for selection in TokenSelection.allCases where ![.random, .stride].contains(selection) {
            var equal = ImageTokens(count: 6)
            (equal.valueNorms, equal.keyNorms, equal.changes) = (
                [Float](repeating: 2, count: 6), [Float](repeating: 2, count: 6), [Float](repeating: 2, count: 6)
            )
            equal.features = TokenFeatures([Tensor([Float](repeating: 1, count: 12), shape: [6, 2])], compute)
            #expect(try selection.kept(equal, dropRatio: 0.5, seed: 0) == [0, 1, 2], "\(selection)")
        }
    }

    @Test func keyNormsAndChanges() throws {
        var tokens = ImageTokens(count: 6)
        tokens.keyNorms = [3, 1, 2, 6, 5, 4]
        tokens.changes = [0.1, 0.5, 0.2, 0.4, .nan, 0.3]
        #expect(try TokenSelection.keepLowKeyNorm.kept(tokens, dropRatio: 0.5, seed: 0) == [0, 1, 2])
        #expect(try TokenSelection.keepHighKeyNorm.kept(tokens, dropRatio: 0.5, seed: 0) == [3, 4, 5])
        #expect(
            try TokenSelection.v2Drop.kept(tokens, dropRatio: 0.5, seed: 0) == [1, 3, 5], "what is no number goes first"
        )
    }

    @Test("Padding goes first, whatever the selection, and all of it", arguments: TokenSelection.allCases)
    func padding(selection: TokenSelection) throws {
        let (features, rows) = features(12, 8, seed: 6)
        var tokens = ImageTokens(count: 12, padding: [0, 1, 2, 9, 10, 11])
        tokens.features = features
        // Padding would win by every measure.
        let scores = (0..<12).map { Float(tokens.padding.contains($0) ? 100 : $0) }
        let high: [TokenSelection] = [.keepHighNorm, .keepHighKeyNorm, .v2Drop, .divPruneHighNorm]
        let shown = high.contains(selection) ? scores : scores.map { 1 / ($0 + 1) }
        (tokens.valueNorms, tokens.keyNorms, tokens.changes) = (shown, shown, shown)
        let kept = try selection.kept(tokens, dropRatio: 0.75, seed: 3)
        #expect(kept.count == 3 && kept == kept.sorted() && tokens.padding.isDisjoint(with: kept))
        if selection == .divPrune {
            #expect(kept == divPrune(rows, 3, weights: Array(repeating: 1, count: 12), without: tokens.padding))
        }
        // With less to drop than there is padding, the whole picture stays and none of the bars.
        #expect(try selection.kept(tokens, dropRatio: 0.1, seed: 3) == [3, 4, 5, 6, 7, 8])
        let bars = ImageTokens(count: 4, padding: [0, 1, 2, 3])
        #expect(try selection.kept(bars, dropRatio: 0.5, seed: 3) == [0])
    }

    @Test("Values that are no numbers are survived", arguments: TokenSelection.allCases)
    func notANumber(selection: TokenSelection) throws {
        var tokens = ImageTokens(count: 8)
        let bad = [Float](repeating: .nan, count: 8)
        (tokens.valueNorms, tokens.keyNorms, tokens.changes) = (bad, bad, bad)
        tokens.features = TokenFeatures([Tensor([Float](repeating: .nan, count: 32), shape: [8, 4])], compute)
        let kept = try selection.kept(tokens, dropRatio: 0.5, seed: 0)
        #expect(kept.count == 4 && Set(kept).count == 4)
    }

    @Test("Selections ask for what they use, and are the same without the rest", arguments: TokenSelection.allCases)
    func sights(selection: TokenSelection) throws {
        let (features, _) = features(16, 8, seed: 7)
        var random = SeededRandom(seed: 8)
        func values() -> [Float] { random.tensor([16]).floats().map { abs($0) } }
        var whole = ImageTokens(count: 16)
        (whole.valueNorms, whole.keyNorms, whole.changes, whole.features) = (values(), values(), values(), features)
        var asked = whole
        if !selection.sees.contains(.values) { asked.valueNorms = nil }
        if !selection.sees.contains(.keys) { asked.keyNorms = nil }
        if !selection.sees.contains(.change) { asked.changes = nil }
        if !selection.sees.contains(.hidden) { asked.features = nil }
        #expect(
            try selection.kept(whole, dropRatio: 0.5, seed: 1) == selection.kept(asked, dropRatio: 0.5, seed: 1))
    }

    /// Blocks of rows, as many tokens need, give what all at once give.
    @Test func cosinesOfManyTokens() throws {
        let (features, rows) = features(300, 12, seed: 9)
        let whole = try features.cosines(of: 0..<300)
        for (i, j) in [(0, 0), (3, 299), (150, 7)] {
            #expect(abs(Double(whole[i * 300 + j]) - cosine(rows[i], rows[j])) < 1e-5)
        }
        #expect(try features.cosines(of: 17..<18) == Array(whole[17 * 300..<18 * 300]))
        #expect(try features.cosines(of: 5..<5) == [])
    }

    @Test("Each dropped token goes into its nearest, and the mean counts all")
    func merging() throws {
        let (features, rows) = features(20, 6, seed: 10)
        let kept = [2, 7, 8, 15]
        let clusters = try TokenMerging.clusters(features, kept: kept, padding: [19])
        #expect(clusters.map { $0[0] } == kept)
        #expect(clusters.flatMap(\.self).sorted() == Array(0..<19), "all but the padding, once")
        for cluster in clusters {
            for place in cluster.dropFirst() {
                let nearest = kept.max { cosine(rows[place], rows[$0]) < cosine(rows[place], rows[$1]) }
                #expect(nearest == cluster[0])
            }
        }
        let tensor = Tensor(rows.flatMap(\.self), shape: [20, 6])
        TokenMerging.merge(clusters) { tensor.rows($0..<$0 + 1) }
        for cluster in clusters {
            let mean = (0..<6).map { column in cluster.reduce(Float(0)) { $0 + rows[$1][column] } / Float(cluster.count)
            }
            #expect(relativeError(tensor.rows(cluster[0]..<cluster[0] + 1).floats(), mean) < 1e-5)
        }
    }

    @Test func profileFieldsBecomeCuts() throws {
        func cut(_ settings: [(String, String)]) throws -> TokenCut? {
            let profile = try settings.reduce(AccelerationProfile.off) { try $0.setting($1.0, to: $1.1) }
            try profile.validate(layers: 8, encoderLayers: 4, for: .understanding)
            return ReadingPlanner(profile, layers: 8, neurons: nil, scores: nil).cut
        }
        #expect(try cut([("tokens.place", "encoder"), ("tokens.dropped", "merge"), ("tokens.scope", "span")]) == nil)
        let paper = try #require(try cut([("tokens.dropRatio", "0.5")]))
        #expect(paper.place == .llm(layer: 2) && paper.sees == [.values] && paper.scope == .image && !paper.merges)
        let other = try #require(
            try cut([
                ("tokens.dropRatio", "0.5"), ("tokens.place", "encoder"), ("tokens.encoderTail", "3"),
                ("tokens.dropped", "merge"), ("tokens.scope", "span"), ("tokens.selection", "divPruneHighNorm"),
            ]))
        #expect(
            other.place == .encoder(tail: 3) && other.sees == [.values, .hidden] && other.scope == .span && other.merges
        )
    }

    @Test func fieldsThatDoNotFitAreNamed() throws {
        let drops = try AccelerationProfile.off.setting("tokens.dropRatio", to: "0.5")
        func message(_ settings: [(String, String)]) throws -> String {
            let profile = try settings.reduce(drops) { try $0.setting($1.0, to: $1.1) }
            let error = #expect(throws: ProfileError.self) {
                try profile.validate(layers: 8, encoderLayers: 4, for: .understanding)
            }
            return error?.description ?? ""
        }
        let encoder = ("tokens.place", "encoder")
        #expect(
            try message([encoder, ("tokens.encoderTail", "4")]) == "tokens.encoderTail is 4; it must be between 0 and 3"
        )
        #expect(try message([encoder, ("tokens.encoderTail", "-1")]).hasPrefix("tokens.encoderTail is -1"))
        #expect(try message([encoder, ("tokens.selection", "calibrated")]).hasPrefix("tokens.selection is calibrated"))
        // In the encoder the LLM's depth doesn't matter, in the LLM the encoder's.
        try drops.setting("tokens.place", to: "encoder").setting("tokens.layer", to: "99").validate(
            layers: 8, encoderLayers: 4)
        try drops.setting("tokens.encoderTail", to: "99").validate(layers: 8, encoderLayers: 4)
        for (field, names) in [("place", "llm, encoder"), ("dropped", "vanish, merge"), ("scope", "image, span")] {
            let error = #expect(throws: ProfileError.self) { try drops.setting("tokens.\(field)", to: "x") }
            #expect(error?.description == "tokens.\(field) is unknown; it must be one of \(names)")
        }
    }
}
