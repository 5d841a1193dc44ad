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

    /// Updates `hidden` `[rows, hidden]` float32 in place.
    ///
    /// - Parameter neurons: see ``GatedFeedForward``.
    /// - Parameter modulation: adaLN of this layer at the current time; nil in the LLM. It acts on `modulated` rows.
    func callAsFunction(
        _ hidden: Tensor, _ rows: RowLayout, _ cache: any KeyValueCache, _ rotary: RotaryTable,
        neurons: [Range<Int>]? = nil, modulation: LayerModulation? = nil, modulated: RowMask? = nil,
        _ compute: any Compute, _ workspace: Workspace, observe: Observer? = nil
    ) {
        let x = workspace.tensor("layer.x", hidden.shape, compute.activationType)  // [rows, hidden]
        let mixed = workspace.tensor(
            "layer.attention", [rows.count, attentionGeometry.queryWidth], compute.activationType)  // [rows, h d]

        let queries = remember(
            hidden, rows, cache, rotary, modulation: modulation, modulated: modulated, compute, workspace,
            observe: observe)
        compute.attention(queries, attentionGeometry, rows, cache, into: mixed)
        compute.linear(
            mixed, output, .identity,
            modulation.map { .residual(gate: $0.attentionGate, rows: modulated) } ?? .residual,
            into: hidden)
        observe?("attention", hidden)

        compute.norm(hidden, postNorm, modulation?.feedForward(on: modulated), silu: false, into: x)
        feedForward(
            x, neurons: neurons, modulation.map { .residual(gate: $0.feedForwardGate, rows: modulated) } ?? .residual,
            into: hidden, compute, workspace, observe: observe)
    }

    /// Puts the rows' keys and values into the cache; all that a layer whose output nobody reads has to do.
    ///
    /// - Returns: the queries `[rows, h d]`.
    @discardableResult func remember(
        _ hidden: Tensor, _ rows: RowLayout, _ cache: any KeyValueCache, _ rotary: RotaryTable,
        modulation: LayerModulation? = nil, modulated: RowMask? = nil, _ compute: any Compute,
        _ workspace: Workspace, observe: Observer? = nil
    ) -> Tensor {
        let x = workspace.tensor("layer.x", hidden.shape, compute.activationType)  // [rows, hidden]
        let fused = workspace.tensor("layer.qkv", [rows.count, attentionGeometry.fusedWidth])  // [rows, (h + 2 kv) d]
        let queries = workspace.tensor("layer.q", [rows.count, attentionGeometry.queryWidth])  // [rows, h d]
        compute.norm(hidden, inputNorm, modulation?.attention(on: modulated), silu: false, into: x)
        compute.linear(x, queryKeyValue, .identity, .replace, into: fused)
        observe?("qkv", fused)
        compute.heads(fused, attentionGeometry, queryKeyNorm, rotary, rows, cache, into: queries)
        return queries
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
