import Compute
import Tensors

/// A pre-norm layer with grouped-query attention and a SwiGLU FFN: Qwen2.5's, and with q/k norms and adaLN the diffusion head's.
///
/// Official files: `models/qwen2.py`, `Qwen2DecoderLayer`; `models/modules.py`, `ModulatedAttentionBlock`.
struct TransformerLayer: Sendable {
    let attentionGeometry: AttentionGeometry
    let inputNorm: Norm
    let queryKeyValue: any LinearWeights
    let queryKeyNorm: QueryKeyNorm?
    let output: any LinearWeights
    let postNorm: Norm
    let feedForward: GatedFeedForward

    init(
        _ loader: WeightLoader, _ prefix: String, _ stack: ShowO2Geometry.Stack, epsilon: Float, bias: Bool,
        queryKeyNormEpsilon: Float?, neuronOrder: [Int]? = nil
    ) throws {
        attentionGeometry = stack.attention
        inputNorm = try loader.rmsNorm(prefix + ".input_layernorm", stack.hidden, epsilon)
        queryKeyValue = try loader.queryKeyValue(
            prefix + ".self_attn", stack.attention, hidden: stack.hidden, bias: bias)
        queryKeyNorm = try queryKeyNormEpsilon.map {
            QueryKeyNorm(
                query: try loader.vector(prefix + ".self_attn.q_norm.weight", stack.attention.headDim),
                key: try loader.vector(prefix + ".self_attn.k_norm.weight", stack.attention.headDim), epsilon: $0)
        }
        output = try loader.linear(
            prefix + ".self_attn.o_proj", stack.hidden, stack.attention.queryWidth, bias: false)
        postNorm = try loader.rmsNorm(prefix + ".post_attention_layernorm", stack.hidden, epsilon)
        feedForward = try GatedFeedForward(
            loader, prefix + ".mlp", hidden: stack.hidden, intermediate: stack.intermediate, order: neuronOrder)
    }

    var byteCount: Int { queryKeyValue.byteCount + output.byteCount + feedForward.byteCount }

    /// Adds the stages that update `hidden` `[rows, hidden]` float32 in place.
    ///
    /// The rows' keys and values are one stage; attention and FFN follow for some rows at a time, as many as make
    /// ``mostOperations``.
    ///
    /// - Parameter neurons: see ``GatedFeedForward``.
    /// - Parameter modulation: adaLN of this layer at the current time; nil in the LLM. It acts on `modulated` rows.
    func add(
        to stages: Stages, _ hidden: Tensor, _ rows: RowLayout, _ caches: [any KeyValueCache], _ rotary: RotaryTable,
        neurons: [Range<Int>]? = nil, modulation: LayerModulation? = nil, modulated: RowMask? = nil,
        _ compute: any Compute, _ workspace: Workspace, show: ((LayerReading) -> Void)? = nil
    ) {
        stages.add {
            remember(
                hidden, rows, caches, rotary, modulation: modulation, modulated: modulated, compute, workspace,
                show: show)
        }
        let most = max(64, Self.mostOperations / operationsPerRow(seeing: Int(rows.limits.max() ?? 0)))
        let blocks = show == nil ? (rows.count + most - 1) / most : 1
        for i in 0..<blocks {
            let block = rows.count * i / blocks..<rows.count * (i + 1) / blocks
            stages.add {
                update(
                    hidden.rows(block), rows.rows(block), caches, queries: queries(of: rows, workspace).rows(block),
                    neurons: neurons, modulation: modulation, modulated: modulated?.rows(block), compute, workspace,
                    show: show)
            }
        }
    }

    /// Operations of a stage, about: 0.2 to 0.5 s on two cores with AVX-512's dot products, 1 s on two with AVX2. All rows of an evaluation at
    /// 432 px and 1.5B are one stage.
    private static let mostOperations = 140_000_000_000

    private func operationsPerRow(seeing slots: Int) -> Int {
        2 * (output.inputs * output.outputs + 3 * feedForward.width * output.outputs)
            + 4 * attentionGeometry.queryWidth * slots
    }

    /// The rows' queries `[rows, h d]`, which ``remember(_:_:_:_:modulation:modulated:_:_:observe:)`` leaves there.
    private func queries(of rows: RowLayout, _ workspace: Workspace) -> Tensor {
        workspace.tensor("layer.q", [rows.count, attentionGeometry.queryWidth])
    }

    /// Attention and FFN of some rows: `hidden` `[rows, hidden]`, queries `[rows, h d]`.
    private func update(
        _ hidden: Tensor, _ rows: RowLayout, _ caches: [any KeyValueCache], queries: Tensor, neurons: [Range<Int>]?,
        modulation: LayerModulation?, modulated: RowMask?, _ compute: any Compute, _ workspace: Workspace,
        show: ((LayerReading) -> Void)?
    ) {
        let x = workspace.tensor("layer.x", hidden.shape, compute.activationType)  // [rows, hidden]
        let mixed = workspace.tensor(
            "layer.attention", [rows.count, attentionGeometry.queryWidth], compute.activationType)  // [rows, h d]
        compute.attention(queries, attentionGeometry, rows, caches, into: mixed)
        compute.linear(
            mixed, output, .identity,
            modulation.map { .residual(gate: $0.attentionGate, rows: modulated) } ?? .residual,
            into: hidden)
        show?(.attended(hidden))

        compute.norm(hidden, postNorm, modulation?.feedForward(on: modulated), silu: false, into: x)
        feedForward(
            x, neurons: neurons, modulation.map { .residual(gate: $0.feedForwardGate, rows: modulated) } ?? .residual,
            into: hidden, compute, workspace,
            observe: show.map { show in { show(.activations($1)) } })
    }

    /// Puts the rows' keys and values into the cache; all that a layer whose output nobody reads has to do.
    ///
    /// Their queries stay in the workspace.
    func remember(
        _ hidden: Tensor, _ rows: RowLayout, _ caches: [any KeyValueCache], _ rotary: RotaryTable,
        modulation: LayerModulation? = nil, modulated: RowMask? = nil, _ compute: any Compute,
        _ workspace: Workspace, show: ((LayerReading) -> Void)? = nil
    ) {
        let x = workspace.tensor("layer.x", hidden.shape, compute.activationType)  // [rows, hidden]
        let fused = workspace.tensor("layer.qkv", [rows.count, attentionGeometry.fusedWidth])  // [rows, (h + 2 kv) d]
        let queries = queries(of: rows, workspace)  // [rows, h d]
        compute.norm(hidden, inputNorm, modulation?.attention(on: modulated), silu: false, into: x)
        compute.linear(x, queryKeyValue, .identity, .replace, into: fused)
        show?(.projections(fused))
        compute.heads(fused, attentionGeometry, queryKeyNorm, rotary, rows, caches, into: queries)
    }
}

/// adaLN of one head layer at one time: six vectors of shape `[hidden]`.
struct LayerModulation: Sendable {
    let attentionShift: Tensor
    let attentionScale: Tensor
    let attentionGate: Tensor
    let feedForwardShift: Tensor
    let feedForwardScale: Tensor
    let feedForwardGate: Tensor

    /// Takes them from `[6 * hidden]`, in the official order.
    init(_ row: Tensor) {
        let width = row.count / 6
        func part(_ i: Int) -> Tensor { row.reshaped([6, width]).rows(i..<i + 1).reshaped([width]) }
        (attentionShift, attentionScale, attentionGate) = (part(0), part(1), part(2))
        (feedForwardShift, feedForwardScale, feedForwardGate) = (part(3), part(4), part(5))
    }

    func attention(on rows: RowMask?) -> Modulation {
        Modulation(shift: attentionShift, scale: attentionScale, rows: rows)
    }

    func feedForward(on rows: RowMask?) -> Modulation {
        Modulation(shift: feedForwardShift, scale: feedForwardScale, rows: rows)
    }
}
