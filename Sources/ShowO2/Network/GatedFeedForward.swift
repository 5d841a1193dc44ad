import Compute
import Tensors

/// SwiGLU: `down(silu(gate(x)) * up(x))`, without biases.
struct GatedFeedForward: Sendable {
    /// Neurons, rounded up to a multiple of 16; the added ones are zero.
    let width: Int
    /// hidden -> 2 x width, gate and up interleaved.
    let gateUp: any LinearWeights
    /// width -> hidden.
    let down: any LinearWeights

    init(_ loader: WeightLoader, _ prefix: String, hidden: Int, intermediate: Int) throws {
        let width = (intermediate + 15) / 16 * 16
        self.width = width
        let gate = try loader.layer(prefix + ".gate_proj", intermediate, hidden, bias: false).weight
        let up = try loader.layer(prefix + ".up_proj", intermediate, hidden, bias: false).weight
        let down = try loader.layer(prefix + ".down_proj", hidden, intermediate, bias: false).weight
        gateUp = try loader.compute.pack(
            [gate, up].map { LinearSource(weight: $0.padded(rows: width, columns: hidden)) }, .gated)
        self.down = try loader.compute.pack(
            [LinearSource(weight: down.padded(rows: hidden, columns: width))], .stacked)
    }

    var byteCount: Int { gateUp.byteCount + down.byteCount }

    /// hidden (+)= FFN(x); x `[rows, hidden]` activations, hidden `[rows, hidden]` float32.
    func callAsFunction(
        _ x: Tensor, _ store: LinearStore, into hidden: Tensor, _ compute: any Compute, _ workspace: Workspace
    ) {
        let inner = workspace.tensor("ffn.inner", [x.shape[0], width], compute.activationType)  // [rows, width]
        compute.linear(x, gateUp, .swiGLU, .replace, into: inner)
        compute.linear(inner, down, .identity, store, into: hidden)
    }
}
