import Compute
public import Foundation
public import Tensors

extension ShowO2Geometry {
    /// Reads `config.json`, `geometry.json` if there is one, and the shapes of the weights, and reconciles the three.
    ///
    /// Without `geometry.json` the head dims are 128 (LLM), 64 (diffusion head) and 72 or 64 (semantic encoder).
    /// - Throws: ``ModelError`` when a file is unreadable, a size is not plausible, or the files contradict each other.
    public init(folder: URL, weights: any TensorSource) throws(ModelError) {
        let config = try ConfigurationFile.read(folder.appendingPathComponent("config.json"))
        let geometryURL = folder.appendingPathComponent("geometry.json")
        try self.init(
            config, FileManager.default.fileExists(atPath: geometryURL.path) ? try GeometryFile.read(geometryURL) : nil,
            folderName: folder.standardizedFileURL.lastPathComponent,
            isHighQuality: HighQualityCheckpoint.isNamed(by: folder), weights: weights)
    }

    /// The same, of files' contents in memory.
    package init(config: Data, geometry: Data?, weights: any TensorSource) throws(ModelError) {
        let extra: GeometryFile? =
            if let geometry { try GeometryFile.read(geometry, file: "geometry.json") } else { nil }
        try self.init(
            ConfigurationFile.read(config, file: "config.json"), extra, folderName: "model", isHighQuality: false,
            weights: weights)
    }

    private init(
        _ config: ConfigurationFile, _ extra: GeometryFile?, folderName: String, isHighQuality: Bool,
        weights: any TensorSource
    ) throws(ModelError) {
        let shapes = WeightShapes(weights)

        name = extra?.name ?? folderName
        llm = try shapes.stack(
            "showo.model.layers", beside: "showo.model.embed_tokens.weight", query: "self_attn.q_proj.weight",
            key: "self_attn.k_proj.weight", inner: "mlp.gate_proj.weight", stated: extra?.llm
        ) { _ in 128 }
        vocabulary = try shapes.rows(
            of: ["showo.model.embed_tokens.weight", "showo.lm_head.weight"], columns: llm.hidden,
            stated: config.llm_vocab_size)
        ropeTheta = extra?.llm?.rope_theta ?? 1e6
        llmEpsilon = Float(extra?.llm?.rms_norm_eps ?? 1e-6)

        // A table of the published size, where it is missing: whoever loads the model will say so.
        positions = try shapes.rows(of: ["position_embedding.weight"], columns: nil, stated: 729)
        let side = Int(Double(positions).squareRoot().rounded())
        guard side * side == positions else {
            throw .contradiction("position_embedding.weight has \(positions) rows, which make no square grid")
        }
        // The official code cuts SigLIP's last layer, so a stated layer count may be one more than there are.
        var vision = extra?.vision
        vision?.num_hidden_layers = nil
        self.vision = try shapes.stack(
            "und_trans.layers", beside: "position_embedding.weight", query: "self_attn.q_proj.weight",
            key: "self_attn.k_proj.weight", inner: "mlp.fc1.weight", stated: vision
        ) { $0 % 72 == 0 ? 72 : 64 }
        visionEpsilon = Float(extra?.vision?.layer_norm_eps ?? 1e-6)

        head = try shapes.stack(
            "diffusion_head_a", beside: "diffusion_head_b.linear.weight", query: "self_attn.q_proj.weight",
            key: "self_attn.k_proj.weight", inner: "mlp.gate_proj.weight", stated: extra?.head
        ) { _ in 64 }

        latentChannels = config.image_latent_dim ?? 16
        patch = config.patch_size ?? 2
        try Self.require("image_latent_dim", latentChannels, 1...1024)
        try Self.require("patch_size", patch, 1...16)
        gridHeight = config.image_latent_height ?? 27
        gridWidth = config.image_latent_width ?? 27
        try Self.require("image_latent_height", gridHeight, 1...512)
        try Self.require("image_latent_width", gridWidth, 1...512)
        // 27 x 27 is what official saves say whatever the model draws: others may know better.
        let saysNothing = gridHeight == 27 && gridWidth == 27
        if let size = extra?.image_size {
            let unit = Self.pixelsPerLatent * patch
            try Self.require(
                size > 0 && size % unit == 0, "geometry.json: image_size is \(size), no multiple of \(unit)")
            (gridHeight, gridWidth) = (size / unit, size / unit)
        } else if saysNothing, let height = extra?.showo?.image_latent_height,
            let width = extra?.showo?.image_latent_width
        {
            (gridHeight, gridWidth) = (height, width)
        } else if saysNothing, isHighQuality {
            let own = HighQualityCheckpoint.grids[0]
            (gridHeight, gridWidth) = (own.height, own.width)
            otherTrainedGrids = Array(HighQualityCheckpoint.grids.dropFirst())
        }
        try Self.require("image_latent_height", gridHeight, 1...512)
        try Self.require("image_latent_width", gridWidth, 1...512)
        try Self.require(
            config.add_qk_norm ?? true, "add_qk_norm is false; only models with q/k norms are supported")
        try Self.require(
            config.add_time_embeds ?? true, "add_time_embeds is false; only models with a time token are supported")
        let tokens = gridHeight * gridWidth
        // The demo configurations: 1024 at 432 px, 1280 at 512, 4352 at 1024. All leave about 256 positions to text.
        maxSequence = extra?.max_seq_len ?? (tokens == 729 ? 1024 : tokens + 256)
        try Self.require(
            maxSequence >= tokens + 5 && maxSequence <= Self.longestSequence,
            "max_seq_len is \(maxSequence); \(tokens) image tokens need \(tokens + 5) or more, and Qwen2.5 reads "
                + "\(Self.longestSequence)")
        special = extra?.special
        latentMean = extra?.vae?.mean ?? Self.wanMean
        latentStd = extra?.vae?.std ?? Self.wanStd
        sampling = SamplingDefaults(
            steps: extra?.sampling?.points ?? 50, timeShift: Float(extra?.sampling?.time_shift ?? 3),
            guidance: Float(extra?.sampling?.guidance ?? 5))
        isTrainedForMixedModality = extra?.mixed_modality ?? false
        if let stated = extra?.alignment {
            alignment = try Alignment(stated)
        }

        for (key, stated, found) in [
            ("hidden_size", config.hidden_size, llm.hidden),
            ("clip_latent_dim", config.clip_latent_dim, self.vision.hidden),
            ("num_diffusion_layers", config.num_diffusion_layers, head.layers),
        ] {
            if let stated, stated != found { throw .contradiction("\(key) is \(stated), the weights have \(found)") }
        }
        let output = "diffusion_head_b.linear.weight"
        let rows = try? shapes.rows(of: [output], columns: head.hidden, stated: patchWidth)
        if let rows, rows != patchWidth {
            throw .contradiction(
                "patch_size \(patch) and image_latent_dim \(latentChannels) make tokens of \(patchWidth) values, \(output) has \(rows) rows"
            )
        }
        if let stated = config.llm_vocab_size, stated > vocabulary {
            throw .contradiction(
                "llm_vocab_size is \(stated), showo.model.embed_tokens.weight has \(vocabulary) rows")
        }
        try Self.require(
            latentMean.count == latentChannels && latentStd.count == latentChannels
                && latentMean.allSatisfy(\.isFinite) && latentStd.allSatisfy { $0 > 0 && $0.isFinite },
            "the VAE's mean and std need \(latentChannels) values each, std above 0")
        try Self.require(
            special?.all.allSatisfy { (0..<vocabulary).contains($0) } ?? true,
            "a special token id is outside the vocabulary")
        try Self.require(
            ropeTheta > 1 && ropeTheta <= 1e12 && [llmEpsilon, visionEpsilon].allSatisfy { $0 > 0 && $0 < 1 },
            "geometry.json: rope_theta or an eps is not plausible")
        try Self.require(
            (2...1000).contains(sampling.steps) && sampling.timeShift > 0 && sampling.timeShift.isFinite
                && sampling.guidance >= 0 && sampling.guidance.isFinite,
            "geometry.json: sampling needs 2 to 1000 points, a time_shift above 0 and a guidance of 0 or more")
    }

    private static func require(_ what: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelError) {
        try require(
            range.contains(value),
            "\(what) is \(value), which is not between \(range.lowerBound) and \(range.upperBound)")
    }

    private static func require(_ condition: Bool, _ reason: String) throws(ModelError) {
        if !condition { throw .configuration(file: "config.json", reason: reason) }
    }

    /// Qwen2.5's `max_position_embeddings`: no sequence is longer.
    static let longestSequence = 32_768

    /// Per-channel statistics of Wan2.1's latents; official file `models/wan21_vae.py`.
    static let wanMean: [Float] = [
        -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922,
        -0.9497, 0.2503, -0.2921,
    ]
    /// See ``wanMean``.
    static let wanStd: [Float] = [
        2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253,
        2.8251, 1.9160,
    ]
}

extension ShowO2Geometry.Alignment {
    fileprivate init(_ stated: GeometryFile.Alignment) throws(ModelError) {
        if let grammar = stated.grammar {
            guard grammar == "shapes", stated.question == nil else {
                throw .configuration(
                    file: "geometry.json", reason: "alignment.grammar can be \"shapes\" only, without a question")
            }
            self = .shapes
            return
        }
        guard let question = stated.question, question.contains("{}"), let answer = stated.answer, !answer.isEmpty
        else {
            throw .configuration(
                file: "geometry.json",
                reason: "alignment needs a question in which {} stands for the prompt, and the answer that agrees")
        }
        self = .question(question, answer: answer)
    }
}
