/// Which visual tokens stay when a share of them is dropped.
public enum TokenSelection: String, Sendable, Codable, CaseIterable {
    /// Those whose value vectors are shortest: the paper's claim is that attention received falls with the value's norm.
    case keepLowNorm
    /// Those whose value vectors are longest: the opposite, for comparison.
    case keepHighNorm
    /// A random subset.
    case random
    /// Every n-th.
    case stride
    /// `keepLowNorm` or `keepHighNorm`, whichever keeps what the model attends to at the profile's layer, as calibration found.
    case calibrated

    /// The selection that a calibration stands for: low norms stay unless attention rises with the norm. Others are what they are.
    ///
    /// - Parameter correlation: of norm and received attention at the layer of the cut (``Calibration/Scores/normAttention``).
    public func resolved(_ correlation: Float?) -> TokenSelection {
        guard self == .calibrated else { return self }
        return (correlation ?? 0) > 0 ? .keepHighNorm : .keepLowNorm
    }

    /// The places of the tokens that stay, rising; `norms` has one value a token.
    public func kept(_ norms: [Float], dropRatio: Double, seed: UInt64) -> [Int] {
        let count = max(1, norms.count - Int(Double(norms.count) * dropRatio))
        switch self {
        case .keepLowNorm, .keepHighNorm, .calibrated:
            let order = NeuronOrder.ranking(self == .keepHighNorm ? norms : norms.map { -$0 })
            return order.prefix(count).sorted()
        case .random:
            var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
            var places = Array(norms.indices)
            for i in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                places.swapAt(i, i + Int((state >> 33) % UInt64(places.count - i)))
            }
            return places.prefix(count).sorted()
        case .stride:
            return (0..<count).map { $0 * norms.count / count }
        }
    }
}
