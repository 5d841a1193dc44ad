import ShowO2

/// V2Drop (arXiv 2509.01552): the tokens that a layer changes least are dropped, `|h_i^(l+1) - h_i^(l)|` in L2.
///
/// The paper drops in three stages; this is one of them, after the profile's layer.
struct VariationRule: TokenRule {
    var sees: Set<TokenCut.Sight> { [.change] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) -> [Int] {
        best(count, among: candidates) { tokens.changes?[$0] ?? 0 }
    }
}
