/// Drops image tokens on their way into the language model or through it: only those stay that `keep` chooses. The others vanish from all that
/// follows, and from its keys and values; the positions of those that stay are as they were.
///
/// What a selection looks at is measured here, and chosen by it: no attention matrix is ever there to be looked at.
public struct TokenCut {
    /// Where tokens are dropped.
    public enum Place: Sendable, Hashable {
        /// After a layer of the language model.
        case llm(layer: Int)
        /// In the semantic encoder, before its last `tail` layers: those, the fusion and the whole language model run for the kept tokens alone.
        /// With 0 the encoder runs whole. At least the first layer always runs for all.
        case encoder(tail: Int)
    }

    /// What a selection can be shown of the layer after which tokens are dropped.
    public enum Sight: Sendable, Hashable, CaseIterable {
        /// ``ImageTokens/valueNorms``.
        case values
        /// ``ImageTokens/keyNorms``.
        case keys
        /// ``ImageTokens/features``.
        case hidden
        /// ``ImageTokens/changes``.
        case change
    }

    /// What tokens are chosen among, and merged within.
    public enum Scope: Sendable, Hashable {
        /// Each image's on their own.
        case image
        /// Those of all images that a sequence reads in one pass, together.
        case span
    }

    /// Where.
    public let place: Place
    /// What `keep` needs to know.
    public let sees: Set<Sight>
    /// Among what `keep` chooses.
    public let scope: Scope
    /// Whether each dropped token becomes one with the kept token of the most similar hidden states, instead of vanishing; see `TokenMerging`.
    public let merges: Bool
    /// The tokens -> the places of those that stay, rising, at least one.
    public let keep: (ImageTokens) throws -> [Int]

    /// A cut.
    public init(
        _ place: Place, sees: Set<Sight>, scope: Scope = .image, merges: Bool = false,
        keep: @escaping (ImageTokens) throws -> [Int]
    ) {
        (self.place, self.sees, self.scope, self.merges, self.keep) = (place, sees, scope, merges, keep)
    }

    /// A cut after a layer of the language model, by the L2 norms of each image's value vectors (all heads together).
    public init(layer: Int, keep: @escaping ([Float]) -> [Int]) {
        self.init(.llm(layer: layer), sees: [.values]) { keep($0.valueNorms ?? []) }
    }

    /// Whether hidden states are compared with each other.
    var comparesHidden: Bool { merges || sees.contains(.hidden) }
}

/// What a selection is shown of the tokens among which it chooses: those of one image in raster order, or of several images one after the other.
///
/// What it didn't ask for is nil.
public struct ImageTokens {
    /// Tokens.
    public let count: Int
    /// The places of tokens that see nothing but the bars around a letterboxed picture.
    public var padding: Set<Int>
    /// L2 norms of the value vectors, all heads together.
    public var valueNorms: [Float]?
    /// L2 norms of the key vectors, all heads together; the rotation doesn't change them.
    public var keyNorms: [Float]?
    /// Hidden states after the layer.
    public var features: TokenFeatures?
    /// L2 distances of the hidden states after the layer from those before it.
    public var changes: [Float]?

    /// Tokens of which nothing is known yet.
    public init(count: Int, padding: Set<Int> = []) {
        self.count = count
        self.padding = padding
    }

    /// The places of tokens that see some of the picture, rising.
    public var content: [Int] { padding.isEmpty ? Array(0..<count) : (0..<count).filter { !padding.contains($0) } }
}
