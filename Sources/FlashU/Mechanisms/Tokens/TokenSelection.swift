public import ShowO2

/// Which visual tokens stay when a share of them is dropped. All choose without attention probabilities, which nobody computes here; of equals the
/// first token stays.
public enum TokenSelection: String, Sendable, Codable, CaseIterable {
    /// Those whose value vectors are shortest: the paper's claim is that attention received falls with the value's norm. `ValueNormRule`.
    case keepLowNorm
    /// Those whose value vectors are longest: the opposite, for comparison. `ValueNormRule`.
    case keepHighNorm
    /// A random subset. `RandomRule`.
    case random
    /// Every n-th. `StrideRule`.
    case stride
    /// `keepLowNorm` or `keepHighNorm`, whichever keeps what the model attends to at the profile's layer, as calibration found.
    case calibrated
    /// Those whose key vectors are shortest. `KeyNormRule`.
    case keepLowKeyNorm
    /// Those whose key vectors are longest. `KeyNormRule`.
    case keepHighKeyNorm
    /// Those that differ most from each other. `DivPruneRule`.
    case divPrune
    /// Those that differ most from each other, short value vectors first. `DivPruneRule`.
    case divPruneLowNorm
    /// Those that differ most from each other, long value vectors first. `DivPruneRule`.
    case divPruneHighNorm
    /// Those that the layer changed most. `VariationRule`.
    case v2Drop

    /// The selection that a calibration stands for: low norms stay unless attention rises with the norm. Others are what they are.
    ///
    /// - Parameter correlation: of norm and received attention at the layer of the cut (``Calibration/Scores/normAttention``).
    public func resolved(_ correlation: Float?) -> TokenSelection {
        guard self == .calibrated else { return self }
        return (correlation ?? 0) > 0 ? .keepHighNorm : .keepLowNorm
    }

    /// How it is done.
    func rule(seed: UInt64) -> any TokenRule {
        switch self {
        case .keepLowNorm, .calibrated: ValueNormRule(keepsLow: true)
        case .keepHighNorm: ValueNormRule(keepsLow: false)
        case .random: RandomRule(seed: seed)
        case .stride: StrideRule()
        case .keepLowKeyNorm: KeyNormRule(keepsLow: true)
        case .keepHighKeyNorm: KeyNormRule(keepsLow: false)
        case .divPrune: DivPruneRule(weight: .none)
        case .divPruneLowNorm: DivPruneRule(weight: .lowNorm)
        case .divPruneHighNorm: DivPruneRule(weight: .highNorm)
        case .v2Drop: VariationRule()
        }
    }

    /// What it needs to be shown.
    public var sees: Set<TokenCut.Sight> { rule(seed: 0).sees }

    /// The places of the tokens that stay, rising, at least one.
    ///
    /// Of `n` tokens `n - floor(n * dropRatio)` stay. Padding counts as nothing: none of it stays, and only when the picture has more tokens than that are
    /// some of those dropped.
    ///
    /// - Parameters:
    ///   - tokens: with what the selection ``sees``; what it isn't shown counts as equal for all.
    ///   - dropRatio: share of the tokens that is dropped.
    ///   - seed: of `random`.
    /// - Throws: `ComputeError` from comparing features.
    public func kept(_ tokens: ImageTokens, dropRatio: Double, seed: UInt64) throws -> [Int] {
        let count = max(1, tokens.count - Int(Double(tokens.count) * dropRatio))
        let content = tokens.content
        guard !content.isEmpty else { return [0] }
        if content.count <= count { return content }
        return try rule(seed: seed).kept(count, among: content, of: tokens).sorted()
    }

    /// The places of the tokens that stay, rising, where value norms alone are known, one a token.
    public func kept(_ norms: [Float], dropRatio: Double, seed: UInt64) throws -> [Int] {
        var tokens = ImageTokens(count: norms.count)
        tokens.valueNorms = norms
        return try kept(tokens, dropRatio: dropRatio, seed: seed)
    }
}
