import Compute
public import Tensors

/// Reads into a sequence at once: for programs that have nothing else to do meanwhile. Others drive a ``ReadingPass``.
public final class SequenceReader {
    /// What was read.
    public let sequence: TokenSequence
    /// How much each layer changed the last row at the last reading that measured it: 1 - cosine, `[layers]`. Empty before.
    public private(set) var layerImportance: [Double] = []
    /// The tokens of the last image that stayed, if some were cut; nil without a cut.
    public private(set) var keptTokens: [Int]?
    private let workspace = Workspace()

    /// Reads into `sequence`.
    public init(_ sequence: TokenSequence) { self.sequence = sequence }

    /// Reads into a new sequence.
    public convenience init(model: ShowO2Model, special: SpecialTokens) throws(ModelError) {
        self.init(try TokenSequence(model: model, special: special))
    }

    /// Reads pieces whose logits nobody wants; see ``ReadingPass``.
    public func read(
        _ pieces: [Piece], _ plan: ReadingPlan = .dense, cut: TokenCut? = nil, whole: Bool = false,
        probe: ProbeSink? = nil, observe: Observer? = nil
    ) throws { _ = try run(pieces, plan, cut, whole, probe, observe) }

    /// Reads token ids.
    ///
    /// - Returns: the logits `[vocabulary]` of the token that follows the last id.
    /// - Throws: ``ModelError/request(_:)`` when the ids are outside the vocabulary or the sequence is full.
    public func logits(
        after ids: [Int], _ plan: ReadingPlan = .dense, probe: ProbeSink? = nil, observe: Observer? = nil
    ) throws -> Tensor {
        try run([.text(ids)], plan, nil, true, probe, observe).logits().reshaped([sequence.model.geometry.vocabulary])
    }

    private func run(
        _ pieces: [Piece], _ plan: ReadingPlan, _ cut: TokenCut?, _ whole: Bool, _ probe: ProbeSink?,
        _ observe: Observer?
    ) throws -> ReadingPass {
        let pass = try ReadingPass(
            [(sequence, pieces)], plan, cut: cut, whole: whole, workspace: workspace, probe: probe, observe: observe)
        try pass.finish()
        if plan.measuresLayers { layerImportance = pass.layerImportance }
        if let kept = pass.keptTokens.last { keptTokens = kept }
        return pass
    }

    /// Bytes of keys, values and intermediates.
    public var byteCount: Int { sequence.byteCount + workspace.byteCount }
}
