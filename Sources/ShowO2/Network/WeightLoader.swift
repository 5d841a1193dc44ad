import Compute
import Tensors

/// Reads named weights, checks their shapes, and hands them to the backend. What was packed is given back to the system: the memory
/// mapping holds hardly more than one layer at a time.
struct WeightLoader {
    let source: any TensorSource
    let compute: any Compute
    /// The layers that are packed in 8 bits where the backend does that.
    var int8 = Int8Layers.standard

    /// A weight and bias of a linear layer, `[outputs, inputs]` and `[outputs]`.
    func layer(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> LinearSource {
        let bias = bias ? try source.tensor(name + ".bias", shape: [outputs]) : nil
        let name = name + ".weight"
        // Integers are wanted only where they are packed as such.
        if isQuantized(name), let (values, scales) = try source.quantized(name), values.shape == [outputs, inputs] {
            return LinearSource(weight: values, scales: scales, bias: bias)
        }
        return LinearSource(weight: try source.tensor(name, shape: [outputs, inputs]), bias: bias)
    }

    /// Whether the weight of that name is packed in 8 bits.
    func isQuantized(_ name: String) -> Bool { compute.precision == .int8 && int8.contains(weight: name) }

    /// Packs the weights of the layers called `names`.
    func pack(_ sources: [LinearSource], _ names: [String], _ arrangement: LinearArrangement = .stacked) throws
        -> any LinearWeights
    {
        let quantized = names.allSatisfy { isQuantized($0 + ".weight") }
        let packed = try compute.pack(sources, arrangement, quantized: quantized)
        for source in sources { source.weight.evict() }
        return packed
    }

    /// One packed linear layer.
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> any LinearWeights {
        try pack([layer(name, outputs, inputs, bias: bias)], [name])
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
        let names = ["q_proj", "k_proj", "v_proj"].map { "\(prefix).\($0)" }
        return try pack(
            [
                layer(names[0], heads.queryWidth, hidden, bias: bias), layer(names[1], keyWidth, hidden, bias: bias),
                layer(names[2], keyWidth, hidden, bias: bias),
            ], names)
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
