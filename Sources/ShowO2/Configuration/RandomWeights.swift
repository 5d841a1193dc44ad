import Compute
public import Tensors

/// Weights of a geometry with random values, made when asked for: time does not depend on values, so they stand in for
/// checkpoints in benchmarks.
public struct RandomWeights: TensorSource {
    /// What messages call it.
    public var location: String { "random weights of \(geometry.name)" }
    private let geometry: ShowO2Geometry
    private let shapes: [String: [Int]]

    /// Weights for the network of `geometry`, without a VAE.
    public init(_ geometry: ShowO2Geometry) {
        self.geometry = geometry
        var shapes: [String: [Int]] = [:]
        func layer(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) {
            shapes[name + ".weight"] = [outputs, inputs]
            if bias { shapes[name + ".bias"] = [outputs] }
        }
        func attention(_ prefix: String, _ stack: ShowO2Geometry.Stack, output: String, bias: Bool, outputBias: Bool) {
            let keyWidth = stack.attention.keyValueHeads * stack.attention.headDim
            layer(prefix + ".q_proj", stack.attention.queryWidth, stack.hidden, bias: bias)
            layer(prefix + ".k_proj", keyWidth, stack.hidden, bias: bias)
            layer(prefix + ".v_proj", keyWidth, stack.hidden, bias: bias)
            layer(prefix + "." + output, stack.hidden, stack.attention.queryWidth, bias: outputBias)
        }
        func gatedLayer(_ prefix: String, _ stack: ShowO2Geometry.Stack, bias: Bool) {
            attention(prefix + ".self_attn", stack, output: "o_proj", bias: bias, outputBias: false)
            layer(prefix + ".mlp.gate_proj", stack.intermediate, stack.hidden, bias: false)
            layer(prefix + ".mlp.up_proj", stack.intermediate, stack.hidden, bias: false)
            layer(prefix + ".mlp.down_proj", stack.hidden, stack.intermediate, bias: false)
            shapes[prefix + ".input_layernorm.weight"] = [stack.hidden]
            shapes[prefix + ".post_attention_layernorm.weight"] = [stack.hidden]
        }
        let (llm, vision, head) = (geometry.llm, geometry.vision, geometry.head)
        shapes["showo.model.embed_tokens.weight"] = [geometry.vocabulary, llm.hidden]
        shapes["showo.model.norm.weight"] = [llm.hidden]
        for i in 0..<llm.layers { gatedLayer("showo.model.layers.\(i)", llm, bias: true) }
        let patch = [geometry.latentChannels, geometry.patch, geometry.patch]
        for (name, width) in [("image_embedder_und", vision.hidden), ("image_embedder_gen", llm.hidden)] {
            shapes[name + ".proj.weight"] = [width] + patch
            shapes[name + ".proj.bias"] = [width]
        }
        shapes["position_embedding.weight"] = [geometry.positions, vision.hidden]
        for i in 0..<vision.layers {
            let prefix = "und_trans.layers.\(i)"
            attention(prefix + ".self_attn", vision, output: "out_proj", bias: true, outputBias: true)
            layer(prefix + ".mlp.fc1", vision.intermediate, vision.hidden)
            layer(prefix + ".mlp.fc2", vision.hidden, vision.intermediate)
            for norm in [".layer_norm1", ".layer_norm2"] {
                shapes[prefix + norm + ".weight"] = [vision.hidden]
                shapes[prefix + norm + ".bias"] = [vision.hidden]
            }
        }
        let both = vision.hidden + llm.hidden
        shapes["fusion_proj.0.weight"] = [both]
        layer("fusion_proj.1", llm.hidden, both)
        layer("fusion_proj.3", llm.hidden, llm.hidden)
        layer("time_embed.mlp.0", head.hidden, 256)
        layer("time_embed.mlp.2", head.hidden, head.hidden)
        if llm.hidden != head.hidden {
            layer("time_embed_proj", llm.hidden, head.hidden)
            layer("diff_proj.0", head.hidden, llm.hidden)
            layer("diff_proj.2", head.hidden, head.hidden)
        }
        for i in 0..<head.layers {
            let prefix = "diffusion_head_a.\(i)"
            gatedLayer(prefix, head, bias: false)
            shapes[prefix + ".self_attn.q_norm.weight"] = [head.attention.headDim]
            shapes[prefix + ".self_attn.k_norm.weight"] = [head.attention.headDim]
            layer(prefix + ".adaLN_modulation.1", 6 * head.hidden, head.hidden)
        }
        shapes["diffusion_head_b.norm_final.weight"] = [head.hidden]
        layer("diffusion_head_b.adaLN_modulation.1", 2 * head.hidden, head.hidden)
        layer("diffusion_head_b.linear", geometry.patchWidth, head.hidden)
        self.shapes = shapes
    }

    /// All names, sorted.
    public var names: [String] { shapes.keys.sorted() }

    /// Shape and type: bfloat16 throughout.
    public func info(_ name: String) -> TensorInfo? { shapes[name].map { TensorInfo(shape: $0, dtype: .bfloat16) } }

    /// Uniform values of standard deviation 0.02; norms' weights are 1. The same name gives the same values.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let shape = shapes[name] else {
            throw .missingTensor(name: name, file: location, closest: nil)
        }
        return .random(shape, named: name, ones: name.contains("norm"))
    }
}
