public import Compute

/// Prompts on their way into sequences at whose ends images will be drawn: `[bos] prompt [boi]` for each, in one pass.
public struct PromptReading {
    /// The work.
    public let pass: ReadingPass
    /// One sequence for each prompt.
    public let conditional: [TokenSequence]
    /// One sequence for each prompt, which has read the negative prompt; empty without guidance. They share their memory.
    public let unconditional: [TokenSequence]

    /// Prepares the pass.
    ///
    /// - Parameters:
    ///   - model: the loaded model.
    ///   - special: ids of the structural tokens.
    ///   - prompts: the token ids of each prompt, without bos and boi.
    ///   - negative: the token ids that the unconditional branch reads in the prompt's place (the official code's is empty); nil = no guidance.
    ///   - workspace: for intermediates.
    /// - Throws: ``ModelError/request(_:)`` when a prompt is too long or holds an id outside the vocabulary, or the model was loaded without
    ///   generation.
    public init(
        model: ShowO2Model, special: SpecialTokens, prompts: [[Int]], negative: [Int]?,
        workspace: Workspace = Workspace()
    ) throws {
        guard !prompts.isEmpty else { throw ModelError.request("no prompt given") }
        let room = model.geometry.maxPromptTokens
        for (what, prompt) in prompts.map({ ("prompt", $0) }) + (negative.map { [("negative prompt", $0)] } ?? []) {
            guard prompt.count <= room else {
                throw ModelError.request("the \(what) has \(prompt.count) tokens; the model has room for \(room)")
            }
        }
        func pieces(_ prompt: [Int]) -> [Piece] {
            [.text([special.beginOfSequence] + prompt + [special.beginOfImage])]
        }
        try self.init(
            model: model, special: special, readings: prompts.map(pieces), negative: negative.map(pieces),
            workspace: workspace)
    }

    /// Prepares the pass for sequences that read more than a prompt: images that the new one continues, a conversation.
    ///
    /// - Parameters:
    ///   - model: the loaded model.
    ///   - special: ids of the structural tokens.
    ///   - readings: what each sequence reads, `[boi]` of the image to be drawn being the last token.
    ///   - negative: what the unconditional branch reads; nil = no guidance.
    ///   - workspace: for intermediates.
    /// - Throws: ``ModelError/request(_:)`` as ``ReadingPass`` does, or when the model was loaded without generation.
    public init(
        model: ShowO2Model, special: SpecialTokens, readings: [[Piece]], negative: [Piece]?,
        workspace: Workspace = Workspace()
    ) throws {
        func reading(_ pieces: [Piece]) throws -> (sequence: TokenSequence, pieces: [Piece]) {
            (try TokenSequence(model: model, special: special, drawing: true), pieces)
        }
        let readings = try readings.map(reading)
        let free = try negative.map(reading)
        pass = try ReadingPass(readings + (free.map { [$0] } ?? []), workspace: workspace)
        conditional = readings.map(\.sequence)
        unconditional = free.map { free in readings.map { _ in free.sequence } } ?? []
    }
}
