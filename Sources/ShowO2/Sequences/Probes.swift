import Compute
public import Tensors

/// What a plan wants to be shown of the language model's layers while they run. The engine computes the same with and without.
public enum Probe: Sendable, Hashable {
    /// Every layer's FFN activations: ``ProbeReading/feedForward(layer:_:)``.
    case feedForward
    /// What every layer's attention works on: ``ProbeReading/attention(layer:_:)``.
    case attention
}

/// What a probe saw. The tensors of ``feedForward(layer:_:)`` are only valid during the call.
public enum ProbeReading {
    /// Activations `[rows, neurons]` between the FFN's two products, in packed order; once for each range of neurons that runs.
    case feedForward(layer: Int, Tensor)
    /// Queries, keys and values, as copies.
    case attention(layer: Int, AttentionInputs)
}

/// Is shown what probes see.
public typealias ProbeSink = (ProbeReading) -> Void

/// What a transformer layer has to show of itself. The tensors are only valid during the call.
package enum LayerReading {
    /// Query, key and value projections `[rows, fusedWidth]` float32, before rotation.
    case projections(Tensor)
    /// Hidden states after attention, `[rows, hidden]` float32.
    case attended(Tensor)
    /// Activations between the FFN's products, `[rows, neurons]`.
    case activations(Tensor)

    /// What tests call it.
    var name: String {
        switch self {
        case .projections: "qkv"
        case .attended: "attention"
        case .activations: "ffn.inner"
        }
    }

    var tensor: Tensor {
        switch self {
        case .projections(let tensor), .attended(let tensor), .activations(let tensor): tensor
        }
    }
}

/// Who looks into which layers.
package struct LayerProbe {
    /// The layers that it wants to see.
    let layers: Range<Int>
    let show: (_ layer: Int, RowLayout, LayerReading) -> Void
}

extension Set<Probe> {
    /// What looks into the decoder's layers for these probes, if any.
    func layerProbe(_ decoder: Qwen2Decoder, _ compute: any Compute, _ sink: @escaping ProbeSink) -> LayerProbe? {
        if isEmpty { return nil }
        return LayerProbe(layers: decoder.layers.indices) { layer, rows, reading in
            switch reading {
            case .projections(let fused) where contains(.attention):
                sink(
                    .attention(
                        layer: layer,
                        AttentionInputs(
                            fused: fused, decoder.geometry.attention, decoder.rotary.covering(rows), rows, compute)))
            case .activations(let tensor) where contains(.feedForward): sink(.feedForward(layer: layer, tensor))
            default: break
            }
        }
    }
}
