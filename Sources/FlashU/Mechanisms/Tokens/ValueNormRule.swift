import ShowO2

/// V-norm token pruning (mechanism 6 of the FlashU paper, arXiv 2603.15271): tokens stay by the length of their value vectors, `|v_i|` over all heads
/// together.
///
/// The paper keeps the shortest ones, since attention received falls with the norm in the model it looked at; in others it rises.
struct ValueNormRule: TokenRule {
    /// Whether the shortest stay, or the longest.
    let keepsLow: Bool

    var sees: Set<TokenCut.Sight> { [.values] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) -> [Int] {
        best(count, among: candidates) { place in
            let norm = tokens.valueNorms?[place] ?? 0
            return keepsLow ? -norm : norm
        }
    }
}
