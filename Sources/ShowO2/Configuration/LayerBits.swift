public import Compute
public import Tensors

/// In how few bits linear layers may be held: `Precision.int8` takes 8 for all that are named, `Precision.int4` what is said. Others stay in bfloat16.
public struct LayerBits: Sendable, Hashable {
    /// A part of the network.
    public enum Part: String, Sendable, CaseIterable {
        /// The language model.
        case decoder
        /// The semantic encoder.
        case encoder
        /// The diffusion head.
        case head
    }

    /// What a layer does in its part.
    public enum Role: String, Sendable, CaseIterable {
        /// Query, key and value.
        case queryKeyValue
        /// The attention's output projection.
        case attentionOutput
        /// The FFN's first layer: gate and up, or `fc1`.
        case expand
        /// The FFN's second layer: down, or `fc2`.
        case contract
        /// The projections between the parts.
        case projection
        /// The projection to the vocabulary.
        case output
    }

    /// A kind of layer: same part, same role.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The part of the network.
        public let part: Part
        /// The role in it.
        public let role: Role

        /// A kind of layer.
        public init(_ part: Part, _ role: Role) {
            self.part = part
            self.role = role
        }

        /// The kind of the layer whose weight has that name in a checkpoint; nil for what is no matrix of the network's layers, such as
        /// embeddings, the time's small layers and adaLN.
        public init?(weight name: String) {
            guard name.hasSuffix(".weight") else { return nil }
            guard let part = Self.parts.first(where: { name.hasPrefix($0.0) })?.1 else { return nil }
            let layer = name.dropLast(".weight".count)
            guard let role = Self.roles.first(where: { layer.contains($0.0) })?.1 else { return nil }
            self.init(part, role)
        }

        private static let parts: [(String, Part)] = [
            ("showo.", .decoder), ("fusion_proj.", .decoder), ("und_trans.", .encoder), ("diff_proj.", .head),
            ("diffusion_head_", .head),
        ]
        private static let roles: [(String, Role)] = [
            ("self_attn.q_proj", .queryKeyValue), ("self_attn.k_proj", .queryKeyValue),
            ("self_attn.v_proj", .queryKeyValue), ("self_attn.o", .attentionOutput), ("mlp.gate_proj", .expand),
            ("mlp.up_proj", .expand), ("mlp.fc1", .expand), ("mlp.down_proj", .contract), ("mlp.fc2", .contract),
            ("fusion_proj.1", .projection), ("fusion_proj.3", .projection),
            ("diff_proj.", .projection), ("lm_head", .output),
        ]

        /// `decoder.contract`
        public var description: String { "\(part).\(role)" }
    }

    /// The kinds in fewer bits than 16.
    public var kinds: [Kind: WeightBits]

    /// What a file with 4-bit weights has chosen, by the names of its tensors.
    private var stored: [String: WeightBits]?

    /// Given kinds.
    public init(_ kinds: [Kind: WeightBits]) { self.kinds = kinds }

    /// The same for a model's weights: in `Precision.int4` a file that has 4-bit weights decides for all that are in it.
    public func adapted(to source: any TensorSource) -> LayerBits {
        var all: [String: WeightBits] = [:]
        for name in source.names {
            guard let info = source.info(name) else { continue }
            all[name] = info.packedBits == 4 ? .four : info.dtype == .int8 ? .eight : .sixteen
        }
        var adapted = self
        adapted.stored = all.values.contains(.four) ? all : nil
        return adapted
    }

    /// Attention and FFN of the decoder and the head, and the projection to the vocabulary, in 4 bits; in 8 the decoder's attention output, a twentieth of
    /// its weights and the most sensitive of them, and the encoder's FFN.
    ///
    /// The rest stays in bfloat16 by measurement (`int8 sensitivity`, Benchmarks/RESULTS.md): the encoder's attention and the projections
    /// alone would double the velocity's error, and are a small share of the work. adaLN is computed once a schedule, from its file.
    public static let standard = LayerBits([
        Kind(.decoder, .queryKeyValue): .four, Kind(.decoder, .attentionOutput): .eight, Kind(.decoder, .expand): .four,
        Kind(.decoder, .contract): .four, Kind(.decoder, .output): .four,
        Kind(.encoder, .expand): .eight, Kind(.encoder, .contract): .eight,
        Kind(.head, .queryKeyValue): .four, Kind(.head, .attentionOutput): .four, Kind(.head, .expand): .four,
        Kind(.head, .contract): .four,
    ])

    /// The bits in which a precision holds the layer whose weight has that name and so many inputs: an odd number of them is not kept in 4.
    public func bits(weight name: String, inputs: Int, in precision: Precision) -> WeightBits {
        if precision == .int4, let bits = stored?[name] { return bits }
        let bits = max(Kind(weight: name).flatMap { kinds[$0] } ?? .sixteen, precision.fewestBits)
        return bits == .four && inputs % 2 != 0 ? .eight : bits
    }
}
