import Compute
import Tensors

/// Reads named weights, checks their shapes, and hands them to the backend.
struct WeightLoader {
    let source: any TensorSource
    let compute: any Compute

    /// A weight and bias of a linear layer, `[outputs, inputs]` and `[outputs]`.
    func layer(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> LinearSource {
        LinearSource(
            weight: try source.tensor(name + ".weight", shape: [outputs, inputs]),
            bias: bias ? try source.tensor(name + ".bias", shape: [outputs]) : nil)
    }

    /// One packed linear layer.
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> any LinearWeights {
        try compute.pack([layer(name, outputs, inputs, bias: bias)], .stacked)
    }

    /// A convolution with stride equal to its kernel, as the linear layer that it is:
    /// `[outputs, channels, patch, patch]` -> `[outputs, channels * patch * patch]`.
    func patchEmbedding(_ name: String, _ outputs: Int, channels: Int, patch: Int) throws -> any LinearWeights {
        let weight = try source.tensor(name + ".weight", shape: [outputs, channels, patch, patch])
        let bias = try source.tensor(name + ".bias", shape: [outputs])
        return try compute.pack(
            [LinearSource(weight: weight.reshaped([outputs, channels * patch * patch]), bias: bias)], .stacked)
    }

    /// Query, key and value as one product.
    func queryKeyValue(_ prefix: String, _ heads: AttentionGeometry, hidden: Int, bias: Bool) throws
        -> any LinearWeights
    {
        let keyWidth = heads.keyValueHeads * heads.headDim
        return try compute.pack(
            [
                layer(prefix + ".q_proj", heads.queryWidth, hidden, bias: bias),
                layer(prefix + ".k_proj", keyWidth, hidden, bias: bias),
                layer(prefix + ".v_proj", keyWidth, hidden, bias: bias),
            ], .stacked)
    }

    /// A float32 vector.
    func vector(_ name: String, _ count: Int) throws -> Tensor {
        try source.tensor(name, shape: [count]).toFloat32()
    }

    /// An RMS norm's weight.
    func rmsNorm(_ name: String, _ width: Int, _ epsilon: Float) throws -> Norm {
        Norm(.rms, weight: try vector(name + ".weight", width), epsilon: epsilon)
    }

    /// A layer norm's weight and bias.
    func layerNorm(_ name: String, _ width: Int, _ epsilon: Float) throws -> Norm {
        Norm(
            .layer, weight: try vector(name + ".weight", width), bias: try vector(name + ".bias", width),
            epsilon: epsilon)
    }
}
