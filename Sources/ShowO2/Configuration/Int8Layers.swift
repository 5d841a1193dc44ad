/// Which linear layers `Precision.int8` holds in 8 bits; the others stay in bfloat16.
public struct Int8Layers: Sendable, Hashable {
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

    /// The kinds in 8 bits.
    public var kinds: Set<Kind>

    /// Given kinds.
    public init(_ kinds: some Sequence<Kind>) { self.kinds = Set(kinds) }

    /// Attention and FFN of the decoder and the head, the encoder's FFN, and the projection to the vocabulary.
    ///
    /// The rest stays in bfloat16 by measurement (`int8 sensitivity`, Benchmarks/RESULTS.md): the encoder's attention and the projections
    /// alone would double the velocity's error, and are a small share of the work. adaLN is computed once a schedule, from its file.
    public static let standard = Int8Layers(
        [Part.decoder, .head].flatMap { part in
            [Role.queryKeyValue, .attentionOutput, .expand, .contract].map { Kind(part, $0) }
        } + [Kind(.encoder, .expand), Kind(.encoder, .contract), Kind(.decoder, .output)])

    /// Whether the layer whose weight has that name is among them.
    public func contains(weight name: String) -> Bool { Kind(weight: name).map(kinds.contains) ?? false }
}
