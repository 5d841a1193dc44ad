import ShowO2

/// DivPrune (arXiv 2503.02175): the subset of tokens whose least distance from each other is greatest, found greedily, `d(i, j) = 1 - cos(h_i, h_j)`.
///
///     first:  argmax_i w_i min_{j != i} d(i, j)
///     next:   argmax_{i not in S} w_i min_{j in S} d(i, j)
///
/// Alone all weights are 1. Weighted, `w_i` is the value vector's norm or its inverse, so that of two tokens as far from all others the one goes first
/// whose value norm speaks for it.
struct DivPruneRule: TokenRule {
    /// What a token's distance is multiplied by.
    enum Weight: Sendable {
        /// 1.
        case none
        /// The inverse of the value's norm.
        case lowNorm
        /// The value's norm.
        case highNorm
    }

    let weight: Weight

    var sees: Set<TokenCut.Sight> { weight == .none ? [.hidden] : [.hidden, .values] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) throws -> [Int] {
        guard let features = tokens.features else { return Array(candidates.prefix(count)) }
        let n = features.count
        let weights = weights(tokens)
        // All cosines are kept where they are few, else those of a token are computed again when it has been chosen.
        var all: [Float] = []
        var nearest = [Float](repeating: .infinity, count: n)  // min_{j != i} d(i, j)
        try features.forEachBlock { first, cosines in
            if cosines.count == n * n { all = cosines }
            for row in 0..<cosines.count / n {
                let i = first + row
                for j in candidates where j != i { nearest[i] = min(nearest[i], 1 - cosines[row * n + j]) }
            }
        }
        var left = candidates
        var chosen: [Int] = []
        while chosen.count < count {
            var best = 0
            var most = -Float.infinity
            for (number, place) in left.enumerated() where weights[place] * nearest[place] > most {
                (best, most) = (number, weights[place] * nearest[place])
            }
            let place = left.remove(at: best)
            let row =
                all.isEmpty ? try features.cosines(of: place..<place + 1) : Array(all[place * n..<(place + 1) * n])
            for i in left {
                let distance = 1 - row[i]
                nearest[i] = chosen.isEmpty ? distance : min(nearest[i], distance)
            }
            chosen.append(place)
        }
        return chosen
    }

    private func weights(_ tokens: ImageTokens) -> [Float] {
        guard weight != .none, let norms = tokens.valueNorms else { return Array(repeating: 1, count: tokens.count) }
        return weight == .highNorm ? norms : norms.map { 1 / max($0, 1e-6) }
    }
}
