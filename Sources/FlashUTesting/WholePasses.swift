package import Compute
package import ShowO2
package import Tensors

/// Parts of the network run at once, for tests that put them together in other ways than the engine does.
extension Qwen2Decoder {
    /// Runs all layers, or those of `skipped` and `neurons`, on `hidden` `[rows, hidden]` in place, for `sequences` new sequences.
    package func run(
        _ hidden: Tensor, _ rows: RowLayout, sequences: Int, _ workspace: Workspace, skipping skipped: Set<Int> = [],
        neurons: [[Range<Int>]]? = nil, measure: ((Int, Tensor, Tensor) -> Void)? = nil
    ) throws {
        let stages = Stages()
        let caches = (0..<sequences).map { _ in makeCaches() }
        add(
            to: stages, hidden, rows: { _ in rows }, caches: { layer in caches.map { $0[layer] } }, workspace,
            skipping: skipped, neurons: neurons, measure: measure)
        try stages.finish()
    }
}

extension FlowHead {
    /// Runs all layers on `hidden` `[rows, hidden]` in place, for `sequences` new sequences.
    package func run(
        _ hidden: Tensor, _ rows: RowLayout, sequences: Int, _ modulation: HeadModulation?, modulated: RowMask? = nil,
        _ workspace: Workspace
    ) throws {
        let stages = Stages()
        let caches = (0..<sequences).map { _ in makeCaches() }
        add(
            to: stages, hidden, rows, caches: { layer in caches.map { $0[layer] } }, modulation, modulated: modulated,
            workspace)
        try stages.finish()
    }

    /// Hidden states of the LLM `[rows, llm hidden]` -> the head's input `[rows, hidden]`.
    package func projected(_ x: Tensor, width: Int, _ workspace: Workspace) -> Tensor {
        let hidden = Tensor(zeros: [x.shape[0], width])
        project(x, into: hidden, workspace)
        return hidden
    }
}

extension DualPathFusion {
    /// latents `[images, channels, height, width]` -> embeddings `[images * tokens, hidden]`.
    package func embeddings(_ latents: Tensor, _ compute: any Compute) throws -> Tensor {
        let stages = Stages()
        let embeddings = add(to: stages, latents, compute, Workspace())
        try stages.finish()
        return embeddings
    }
}
