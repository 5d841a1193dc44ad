import ShowO2

/// How a ``TokenSelection`` chooses.
protocol TokenRule: Sendable {
    /// What it needs to be shown.
    var sees: Set<TokenCut.Sight> { get }

    /// The places of `count` tokens that stay, in any order.
    ///
    /// - Parameters:
    ///   - candidates: the places to choose among, rising, more than `count`.
    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) throws -> [Int]
}

extension TokenRule {
    /// The `count` candidates of the highest scores; what is no number is lowest, and of equals the first is higher.
    func best(_ count: Int, among candidates: [Int], _ score: (Int) -> Float) -> [Int] {
        let scores = candidates.map { place in
            let score = score(place)
            return score.isNaN ? -Float.infinity : score
        }
        return NeuronOrder.ranking(scores).prefix(count).map { candidates[$0] }
    }
}
