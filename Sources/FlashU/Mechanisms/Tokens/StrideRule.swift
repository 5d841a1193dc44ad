import ShowO2

/// Every n-th token in raster order: of `n` candidates those numbered `floor(i n / count)`.
struct StrideRule: TokenRule {
    var sees: Set<TokenCut.Sight> { [] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) -> [Int] {
        (0..<count).map { candidates[$0 * candidates.count / count] }
    }
}
