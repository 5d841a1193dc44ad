import Compute
public import Tensors

/// Continues several sequences by one token each, in one pass through the network: every weight is read once for all of them. Sequences may have
/// any lengths. A sequence's logits do not depend on who is read beside it.
public final class DecodeBatch {
    private let workspace = Workspace()

    /// A batch of whatever size ``logits(after:_:)`` is given.
    public init() {}

    /// Reads a token into each sequence.
    ///
    /// - Parameters:
    ///   - tokens: sequences, each once, with the id that each reads.
    ///   - plan: the same for all; it may measure nothing.
    /// - Returns: logits `[sequences, vocabulary]` float32 of the tokens that follow, valid until the next call.
    /// - Throws: ``ModelError/request(_:)`` when an id is outside the vocabulary or a sequence is full.
    public func logits(after tokens: [(sequence: TokenSequence, id: Int)], _ plan: ReadingPlan = .dense) throws
        -> Tensor
    {
        let pass = try ReadingPass(
            tokens.map { ($0.sequence, [.text([$0.id])]) }, plan, workspace: workspace)
        try pass.finish()
        return try pass.logits()
    }

    /// Bytes of intermediates.
    public var byteCount: Int { workspace.byteCount }
}
