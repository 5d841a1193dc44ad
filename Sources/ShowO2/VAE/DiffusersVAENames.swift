import Tensors

/// The names that diffusers gives to the parts of the Wan2.1 VAE (`AutoencoderKLWan`), and the official ones.
///
/// The networks are the same. diffusers numbers the decoder's residual blocks within levels (`up_blocks.1.resnets.0`,
/// `up_blocks.1.upsamplers.0`), the official file all stages in one row (`upsamples.4`). Source: the class
/// `diffusers.AutoencoderKLWan`, and `scripts/convert_wan_to_diffusers.py`.
struct DiffusersVAENames {
    /// For each level of the decoder, the number of its residual blocks and whether it ends with an upsampling.
    private let levels: [(blocks: Int, upsamples: Bool)]

    /// `weights` under the official names if they have diffusers', else as they are.
    /// - Throws: `WeightError` if two tensors are the same one.
    static func official(_ weights: any TensorSource) throws(WeightError) -> any TensorSource {
        let marks = ["encoder.conv_in", "decoder.conv_in", "post_quant_conv", "quant_conv"]
        guard marks.count(where: { weights.contains($0 + ".weight") }) >= 2 else { return weights }
        let names = DiffusersVAENames(weights)
        return try RenamedWeights(weights, original: names.diffusers) { names.official($0) }
    }

    private init(_ weights: any TensorSource) {
        var blocks: [Int: Int] = [:]
        var upsamples: Set<Int> = []
        for name in weights.names + Array(weights.unreadable.keys) {
            let parts = name.split(separator: ".")
            guard parts.count > 4, parts[0] == "decoder", parts[1] == "up_blocks", let level = Int(parts[2]),
                let index = Int(parts[4]), (0..<100).contains(level), (0..<100).contains(index)
            else { continue }
            if parts[3] == "resnets" { blocks[level] = max(blocks[level] ?? 0, index + 1) }
            if parts[3] == "upsamplers" { upsamples.insert(level) }
        }
        let count = (Array(blocks.keys) + Array(upsamples)).max().map { $0 + 1 } ?? 0
        // Levels are alike: one that lost its last block still has that many.
        let usual = blocks.values.mostFrequent ?? 0
        levels = (0..<count).map { (max(usual, blocks[$0] ?? 0), upsamples.contains($0)) }
    }

    /// The first stage of a level in the official row.
    private func start(of level: Int) -> Int {
        levels.prefix(level).reduce(0) { $0 + $1.blocks + ($1.upsamples ? 1 : 0) }
    }

    private static let whole = [
        "quant_conv": "conv1", "post_quant_conv": "conv2", "encoder.conv_in": "encoder.conv1",
        "decoder.conv_in": "decoder.conv1", "encoder.norm_out": "encoder.head.0", "decoder.norm_out": "decoder.head.0",
        "encoder.conv_out": "encoder.head.2", "decoder.conv_out": "decoder.head.2",
    ]
    private static let inside = [
        "norm1": "residual.0", "conv1": "residual.2", "norm2": "residual.3", "conv2": "residual.6",
        "conv_shortcut": "shortcut",
    ]

    /// The official name of a tensor; unknown names stay.
    func official(_ name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count > 1, let leaf = parts.last else { return name }
        if let layer = Self.whole[parts.dropLast().joined(separator: ".")] { return "\(layer).\(leaf)" }
        guard parts.count > 4 || parts[1] == "down_blocks", parts.count > 3 else { return name }
        let (stage, rest): (String, ArraySlice<String>)
        let number = { (part: String) in Int(part).flatMap { (0..<100).contains($0) ? $0 : nil } }
        switch (parts[0], parts[1], parts[2], number(parts[2])) {
        case ("encoder", "down_blocks", _, let place?): (stage, rest) = ("downsamples.\(place)", parts[3...])
        case (_, "mid_block", "resnets", _):
            guard let block = number(parts[3]) else { return name }
            (stage, rest) = ("middle.\(2 * block)", parts[4...])
        case (_, "mid_block", "attentions", _):
            guard let block = number(parts[3]) else { return name }
            (stage, rest) = ("middle.\(2 * block + 1)", parts[4...])
        case ("decoder", "up_blocks", _, let level?):
            guard parts.count > 5, levels.indices.contains(level), let index = number(parts[4]) else { return name }
            let within = parts[3] == "upsamplers" ? levels[level].blocks : index
            (stage, rest) = ("upsamples.\(start(of: level) + within)", parts[5...])
        default: return name
        }
        guard let first = rest.first else { return name }
        let renamed = Self.inside[first].map { [$0] + rest.dropFirst() } ?? Array(rest)
        return "\(parts[0]).\(stage).\(renamed.joined(separator: "."))"
    }

    /// diffusers' name of a tensor by its official one; nil if there is none.
    func diffusers(_ name: String) -> String? {
        for (theirs, ours) in Self.whole where name.hasPrefix(ours + ".") {
            return theirs + name.dropFirst(ours.count)
        }
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count > 3, let place = Int(parts[2]) else { return nil }
        var rest = parts[3...].joined(separator: ".")
        for (theirs, ours) in Self.inside where rest.hasPrefix(ours + ".") {
            rest = theirs + rest.dropFirst(ours.count)
            break
        }
        switch (parts[0], parts[1]) {
        case ("encoder", "downsamples"): return "encoder.down_blocks.\(place).\(rest)"
        case (_, "middle"):
            return "\(parts[0]).mid_block.\(place % 2 == 0 ? "resnets" : "attentions").\(place / 2).\(rest)"
        case ("decoder", "upsamples"):
            guard let level = levels.indices.last(where: { start(of: $0) <= place }) else { return nil }
            let within = place - start(of: level)
            return "decoder.up_blocks.\(level)."
                + (within < levels[level].blocks ? "resnets.\(within)" : "upsamplers.0") + ".\(rest)"
        default: return nil
        }
    }
}
