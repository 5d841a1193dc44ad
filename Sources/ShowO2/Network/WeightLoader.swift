import Compute
import Tensors

/// Reads named weights, checks their shapes, and hands them to the backend. What was packed is given back to the system: the memory
/// mapping holds hardly more than one layer at a time.
///
/// With ``findings`` it goes through the same motions without reading or packing anything, and collects what is wrong instead of stopping at
/// the first fault: what a model needs is written down once, where it is loaded.
struct WeightLoader {
    let source: any TensorSource
    let compute: any Compute
    /// The layers that are packed in fewer bits where the backend does that.
    var layers = LayerBits.standard
    /// Where faults go in an inspection; nil: the first one is thrown.
    var findings: WeightFindings?
    /// Whether the VAE's convolutions over time are read whole; single images need a slice of each.
    var isForFilms = false

    /// Larger than any tensor of a model: an inspection ends where shapes contradict each other so grossly.
    private static let largestStandIn = 2 << 30

    /// The tensor of that name, which must have one of those shapes, the usual one first. In an inspection a stand-in of the usual shape.
    func tensor(_ name: String, _ shape: [Int], or others: [[Int]] = []) throws -> Tensor {
        if let objection = objection(name, [shape] + others) {
            guard let findings else { throw objection }
            findings.add(objection)
            guard let size = TensorInfo(shape: shape, dtype: .bfloat16).checkedByteCount, size <= Self.largestStandIn
            else { throw objection }
        } else if findings == nil {
            return try source.tensor(name)
        }
        // Zeros that nobody looks at take no memory.
        return Tensor(zeros: shape, dtype: .bfloat16)
    }

    /// What is wrong with a tensor, by its name in the file.
    private func objection(_ name: String, _ shapes: [[Int]]) -> WeightError? {
        let objection = source.objection(toWeight: name, shapes: shapes)
        guard let renamed = source as? RenamedWeights else { return objection }
        return objection?.naming(renamed.storedName(name))
    }

    /// A weight and bias of a linear layer, `[outputs, inputs]` and `[outputs]`.
    func layer(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> LinearSource {
        let bias = bias ? try tensor(name + ".bias", [outputs]) : nil
        let name = name + ".weight"
        // Integers are wanted only where they are packed as such.
        if findings == nil, let stored = try source.quantized(name), stored.bits == bits(name, inputs).rawValue,
            [stored.outputs, stored.inputs] == [outputs, inputs]
        {
            return LinearSource(.quantized(stored), bias: bias)
        }
        return LinearSource(weight: try tensor(name, [outputs, inputs]), bias: bias)
    }

    /// In how few bits the weight of that name is packed.
    func bits(_ name: String, _ inputs: Int) -> WeightBits {
        layers.bits(weight: name, inputs: inputs, in: compute.precision)
    }

    /// Whether a part that some models lack is there: any of the tensors that begin with the names.
    func contains(_ layers: String...) -> Bool {
        layers.contains { source.contains($0 + ".weight") || source.contains($0 + ".bias") }
    }

    /// Packs the weights of the layers called `names`.
    func pack(_ sources: [LinearSource], _ names: [String], _ arrangement: LinearArrangement = .stacked) throws
        -> any LinearWeights
    {
        guard findings == nil else { return UnpackedLayer(sources) }
        let bits = names.map { self.bits($0 + ".weight", sources[0].shape[1]) }.max() ?? .sixteen
        let packed = try compute.pack(sources, arrangement, bits: bits)
        for source in sources { source.evict() }
        return packed
    }

    /// One packed linear layer.
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) throws -> any LinearWeights {
        try pack([layer(name, outputs, inputs, bias: bias)], [name])
    }

    /// A convolution with stride equal to its kernel, as the linear layer that it is:
    /// `[outputs, channels, patch, patch]` -> `[outputs, channels * patch * patch]`.
    func patchEmbedding(_ name: String, _ outputs: Int, channels: Int, patch: Int) throws -> any LinearWeights {
        let weight = try tensor(name + ".weight", [outputs, channels, patch, patch])
        let bias = try tensor(name + ".bias", [outputs])
        let source = LinearSource(weight: weight.reshaped([outputs, channels * patch * patch]), bias: bias)
        guard findings == nil else { return UnpackedLayer([source]) }
        return try compute.pack([source], .stacked)
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
        try tensor(name, [count]).toFloat32()
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

/// What an inspection makes of a layer: its sizes.
struct UnpackedLayer: LinearWeights {
    let inputs: Int
    let outputs: Int
    var byteCount: Int { 0 }

    init(_ sources: [LinearSource]) {
        inputs = sources.first?.shape.last ?? 0
        outputs = sources.reduce(0) { $0 + ($1.shape.first ?? 0) }
    }
}
