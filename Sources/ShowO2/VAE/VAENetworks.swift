import Compute
import Tensors

extension WeightLoader {
    /// The stages `prefix.0`, `prefix.1`, ..., told apart by what weights they have.
    ///
    /// - Parameters:
    ///   - channels: of the image before the stages, then after them.
    ///   - resample: makes the stages that change the size, whose temporal parts, if the network is for videos, are made here.
    func stages(
        _ prefix: String, _ channels: inout Int, resample: ((WeightLoader, String, Int) throws -> any VAEStage)? = nil
    ) throws -> [VAETrunk.Part] {
        var kinds: [Int: Substring] = [:]
        for name in source.names + Array(source.unreadable.keys) where name.hasPrefix(prefix + ".") {
            let parts = name.dropFirst(prefix.count + 1).split(separator: ".")
            if parts.count > 1, let place = Int(parts[0]), (0..<1000).contains(place), parts[1] != "time_conv" {
                kinds[place] = parts[1]
            }
        }
        var stages: [VAETrunk.Part] = []
        for place in 0..<max(1, (kinds.keys.max() ?? 0) + 1) {
            let name = "\(prefix).\(place)"
            switch kinds[place] {
            case "residual", "shortcut": stages.append(.stage(try ResidualBlock(self, name, inputs: channels)))
            case "norm", "to_qkv", "proj": stages.append(.stage(try SpatialAttention(self, name, width: channels)))
            case "resample":
                guard let resample else {
                    throw notWan("\(name) changes the size, which no part of a Wan2.1 VAE does there")
                }
                let stage = try resample(self, name, channels)
                let changesTime = isForFilms && contains(name + ".time_conv")
                // Frames are doubled before their sides are, and halved behind them.
                if changesTime, stage.scale == .double {
                    stages.append(.temporal(try TemporalUpsample(self, name, channels: channels)))
                }
                stages.append(.stage(stage))
                if changesTime, stage.scale == .half {
                    stages.append(.temporal(try TemporalDownsample(self, name, channels: stage.outputs)))
                }
                channels = stage.outputs
                continue
            case nil:
                let error = notWan("has no \(name), though it has stages behind it or needs it; get a whole copy")
                guard let findings else { throw error }
                findings.add(error)
                continue
            case .some: throw notWan("\(name) is no part of a Wan2.1 VAE")
            }
            if case .stage(let stage) = stages.last { channels = stage.outputs }
        }
        return stages
    }

    private func notWan(_ reason: String) -> ModelError { .configuration(file: source.location, reason: reason) }

    /// The convolution of a stage that halves or doubles the sides.
    func resampling(_ prefix: String, inputs: Int, _ geometry: (Int) -> ConvolutionGeometry) throws
        -> any ConvolutionWeights
    {
        let name = prefix + ".resample.1"
        // The next stage's norm says it too.
        let parts = prefix.split(separator: ".")
        let next = parts.dropLast().joined(separator: ".") + ".\((parts.last.flatMap { Int($0) } ?? 0) + 1)"
        let outputs = channels(
            [(name + ".weight", 0), (name + ".bias", 0), (next + ".residual.0.gamma", 0)], otherwise: inputs)
        return try convolution(name, outputs, inputs, kernel: 3, isFlat: true, geometry)
    }

    /// The first convolution of a network, whose outputs its own tensors tell and the norm of the stage behind it.
    fileprivate func first(_ name: String, inputs: Int, before next: String) throws -> CausalConvolution {
        let outputs = channels(
            [(name + ".weight", 0), (name + ".bias", 0), (next + ".residual.0.gamma", 0)], otherwise: inputs)
        return try causal(name, outputs, inputs, kernel: 3)
    }
}

/// `[h, w, 3]` -> posterior moments `[h / 8, w / 8, 2 latent channels]`: means, then log variances.
func makeEncoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    let first = PlainConvolution(conv: try loader.first("encoder.conv1", inputs: 3, before: "encoder.downsamples.0"))
    var channels = first.outputs
    var stages: [VAETrunk.Part] = [.stage(first)]
    stages += try loader.stages("encoder.downsamples", &channels) { try Downsample($0, $1, inputs: $2) }
    stages += try loader.stages("encoder.middle", &channels)
    stages.append(.stage(try NormedConvolution(loader, "encoder.head", inputs: channels, outputs: 2 * latent)))
    stages.append(.stage(PlainConvolution(conv: try loader.causal("conv1", 2 * latent, 2 * latent, kernel: 1))))
    return try VAETrunk("encoder", stages, for: loader, bandBytes: bandBytes)
}

/// Latents `[h, w, latent channels]`, not normalised -> `[8h, 8w, 3]`.
func makeDecoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    let first = PlainConvolution(conv: try loader.first("decoder.conv1", inputs: latent, before: "decoder.middle.0"))
    var channels = first.outputs
    var stages: [VAETrunk.Part] = [
        .stage(PlainConvolution(conv: try loader.causal("conv2", latent, latent, kernel: 1))), .stage(first),
    ]
    stages += try loader.stages("decoder.middle", &channels)
    stages += try loader.stages("decoder.upsamples", &channels) { try Upsample($0, $1, inputs: $2) }
    stages.append(.stage(try NormedConvolution(loader, "decoder.head", inputs: channels, outputs: 3)))
    return try VAETrunk("decoder", stages, for: loader, bandBytes: bandBytes)
}
