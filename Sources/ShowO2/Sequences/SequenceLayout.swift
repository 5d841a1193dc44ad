/// Where the tokens of a sequence stand: the official layouts, as slots that rows are written to and may see.
///
/// Text to image: `[bos] prompt [boi] T img*N`, the image span `T img*N` attending to itself fully. What follows it in the official
/// code (`[eoi] [eos] pad...`) can't be seen by it and is left out.
///
/// Understanding: `prefix [boi] T img*N [eoi] question`. The official mask's span starts one slot later than in generation: it covers
/// `img*N [eoi]`, and the time token is causal.
public struct SequenceLayout: Sendable, Equatable {
    /// Slots before the time token: text and `[boi]`.
    public let prefix: Int
    /// Image tokens, without the time token.
    public let imageTokens: Int

    /// A sequence whose image starts after `prefix` slots.
    public init(prefix: Int, imageTokens: Int) {
        self.prefix = prefix
        self.imageTokens = imageTokens
    }

    /// The time token's slot.
    public var time: Int { prefix }
    /// Slots of the image tokens.
    public var image: Range<Int> { prefix + 1..<prefix + 1 + imageTokens }
    /// Slots of the time token and the image tokens.
    public var span: Range<Int> { prefix..<prefix + 1 + imageTokens }
    /// The bidirectional span of understanding: image tokens and `[eoi]`.
    public var understandingSpan: Range<Int> { image.lowerBound..<image.upperBound + 1 }
}
