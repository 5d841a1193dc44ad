import ShowO2

/// A visual token's value norm against the attention it receives.
///
/// Paper: the two are negatively correlated, so that tokens can be chosen by the norm, without attention probabilities.
public struct TokenAttention: Sendable, Equatable, Codable {
    /// One layer. Correlations are taken within each image and averaged; nil where they are not defined for any.
    public struct Layer: Sendable, Equatable, Codable {
        /// Spearman's correlation of value norm and received attention, mean over the images.
        public var spearman: Double?
        /// Its standard deviation over the images; nil with fewer than two.
        public var spearmanDeviation: Double?
        /// Pearson's correlation, mean over the images.
        public var pearson: Double?
        /// Share of the attention on visual tokens that goes to the half with the lower norms; chance is 0.5.
        public var lowNormHalf: Double
    }

    /// A visual token.
    public struct Point: Sendable, Equatable, Codable {
        /// L2 norm of its value vector, all heads together.
        public var norm: Double
        /// Attention it receives, divided by the mean of the visual tokens of its image.
        public var attention: Double
    }

    /// By layer.
    public var layers: [Layer]
    /// The layer that ``points`` belong to.
    public var layer: Int
    /// Visual tokens of all images; at most ``mostPoints``, evenly chosen.
    public var points: [Point]

    /// Points kept for a plot.
    public static let mostPoints = 1000

    /// Sums images up.
    ///
    /// - Parameters:
    ///   - images: one for each image; at least one.
    ///   - layer: whose tokens to keep.
    init(_ images: [ReceivedAttention], layer: Int) {
        self.layer = layer
        layers = (images.first?.layers.indices ?? 0..<0).map { number in Layer(images.map { $0.layers[number] }) }
        let all = images.flatMap { image in
            let tokens = image.layers[layer]
            let mean = tokens.attention.reduce(0, +) / Double(max(1, tokens.attention.count))
            return zip(tokens.norms, tokens.attention).map { norm, attention in
                Point(norm: norm, attention: mean > 0 ? attention / mean : 0)
            }
        }
        let count = min(all.count, Self.mostPoints)
        points = (0..<count).map { all[$0 * all.count / count] }
    }
}

extension TokenAttention.Layer {
    init(_ images: [ReceivedAttention.Layer]) {
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        let ranked = images.compactMap { Correlation.spearman($0.norms, $0.attention) }
        let average = mean(ranked)
        let squares = ranked.reduce(0) { $0 + ($1 - (average ?? 0)) * ($1 - (average ?? 0)) }
        let halves = images.compactMap { image -> Double? in
            var tokens = ImageTokens(count: image.norms.count)
            tokens.valueNorms = image.norms.map { Float($0) }
            let half = max(1, tokens.count - tokens.count / 2)
            let kept = ValueNormRule(keepsLow: true).kept(half, among: tokens.content, of: tokens)
            let total = image.attention.reduce(0, +)
            return total > 0 ? kept.reduce(0) { $0 + image.attention[$1] } / total : nil
        }
        self.init(
            spearman: average,
            spearmanDeviation: ranked.count > 1 ? (squares / Double(ranked.count - 1)).squareRoot() : nil,
            pearson: mean(images.compactMap { Correlation.pearson($0.norms, $0.attention) }),
            lowNormHalf: mean(halves) ?? 0.5)
    }
}
