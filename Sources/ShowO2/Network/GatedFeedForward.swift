import Compute
import Tensors

/// SwiGLU: `down(silu(gate(x)) * up(x))`, without biases.
struct GatedFeedForward: Sendable {
    /// Neurons.
    let width: Int
    /// hidden -> 2 x width, gate and up interleaved.
    let gateUp: any LinearWeights
    /// width -> hidden.
    let down: any LinearWeights

    /// - Parameter order: the neurons of the checkpoint in the order in which they are packed; nil = as stored. The output
    ///   does not depend on it, but a plan that runs a range of neurons does.
    init(_ loader: WeightLoader, _ prefix: String, hidden: Int, intermediate: Int, order: [Int]? = nil) throws {
        width = intermediate
        let names = ["gate_proj", "up_proj", "down_proj"].map { "\(prefix).\($0)" }
        func rows(_ name: String) throws -> LinearSource {
            let source = try loader.layer(name, intermediate, hidden, bias: false)
            guard let order else { return source }
            defer { source.evict() }
            return source.gatheringOutputs(order)
        }
        gateUp = try loader.pack([rows(names[0]), rows(names[1])], Array(names[..<2]), .gated)
        var down = try loader.layer(names[2], hidden, intermediate, bias: false)
        if let order {
            let stored = down
            down = stored.gatheringInputs(order)
            stored.evict()
        }
        self.down = try loader.pack([down], [names[2]])
    }

    var byteCount: Int { gateUp.byteCount + down.byteCount }

    /// hidden (+)= FFN(x); x `[rows, hidden]` activations, hidden `[rows, hidden]` float32.
    ///
    /// - Parameter neurons: the packed neurons to run, in ranges whose bounds are multiples of 16 (or the width); nil = all.
    func callAsFunction(
        _ x: Tensor, neurons: [Range<Int>]? = nil, _ store: LinearStore, into hidden: Tensor, _ compute: any Compute,
        _ workspace: Workspace, observe: Observer? = nil
    ) {
        for range in neurons ?? [0..<width] {
            // [rows, neurons]
            let inner = workspace.tensor("ffn.inner", [x.shape[0], range.count], compute.activationType)
            compute.linear(x, gateUp, part: .outputs(range), .swiGLU, .replace, into: inner)
            observe?("ffn.inner", inner)
            compute.linear(inner, down, part: .inputs(range), .identity, store, into: hidden)
        }
    }
}
