import ShowO2

/// Key norm: tokens stay by the length of their key vectors, `|k_i|` over all heads together, before the rotation, which doesn't change it.
///
/// Keys of small norm were found to receive most attention in language models (arXiv 2406.11430), which keeps the lowest; the highest are there for
/// comparison.
struct KeyNormRule: TokenRule {
    /// Whether the shortest stay, or the longest.
    let keepsLow: Bool

    var sees: Set<TokenCut.Sight> { [.keys] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) -> [Int] {
        best(count, among: candidates) { place in
            let norm = tokens.keyNorms?[place] ?? 0
            return keepsLow ? -norm : norm
        }
    }
}
