import Compute
import FlashUTesting
import ShowO2
import Tensors

/// One evaluation of one branch as the official code does it: the whole padded sequence in one pass, nothing kept from
/// the step before, everything that depends on t computed for this t alone.
struct NaiveGeneration {
    let model: ShowO2Model
    let special: SpecialTokens
    /// Whether `[eoi] [eos] pad...` follow the image, up to the trained length.
    var trailing = true

    /// latents `[1, channels, height, width]` -> velocity, same shape.
    func velocity(prompt: [Int], latents: Tensor, time: Float) throws -> Tensor {
        let (geometry, workspace) = (model.geometry, Workspace())
        let prefix = [special.beginOfSequence] + prompt + [special.beginOfImage]
        let layout = SequenceLayout(prefix: prefix.count, imageTokens: geometry.imageTokens)
        let after = trailing ? geometry.maxSequence - layout.span.upperBound : 0
        let suffix = [special.endOfImage, special.endOfSequence] + Array(repeating: 0, count: max(0, after - 2))
        let length = layout.span.upperBound + after
        let conditioning = try model.conditioning([time])

        let hidden = Tensor(zeros: [length, geometry.llm.hidden])  // [length, hidden]
        model.embed(prefix, into: hidden, from: 0)
        hidden.rows(layout.time..<layout.time + 1).copy(from: conditioning.tokens)
        hidden.rows(layout.image).copy(from: try model.fusion.embeddings(latents, model.compute))
        if trailing { model.embed(suffix, into: hidden, from: layout.span.upperBound) }

        var rows = RowLayout()
        rows.append(sequence: 0, start: 0, count: length, span: layout.span)
        try model.decoder.run(hidden, rows, sequences: 1, workspace)
        let normed = Tensor(zeros: hidden.shape, dtype: model.compute.activationType)
        model.compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        let state = try model.head.projected(normed, width: geometry.head.hidden, workspace)  // [length, head hidden]
        let modulated = RowMask((0..<length).map { layout.span.contains($0) })
        try model.head.run(
            state, rows, sequences: 1, conditioning.modulations[0], modulated: modulated, workspace)
        let output = try model.head.velocities(state, conditioning.modulations[0], modulated: modulated, workspace)
        let velocity = Tensor(zeros: latents.shape)
        Patches.join(output.rows(layout.image), channels: geometry.latentChannels, into: velocity)
        return velocity
    }
}
