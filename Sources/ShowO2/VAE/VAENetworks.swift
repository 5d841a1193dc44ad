import Compute
import Tensors

extension WeightLoader {
    /// The stages `prefix.0`, `prefix.1`, ..., told apart by what weights they have.
    ///
    /// - Parameter channels: of the image before the stages, then after them.
    func stages(
        _ prefix: String, _ channels: inout Int, resample: ((WeightLoader, String, Int) throws -> any VAEStage)? = nil
    ) throws -> [any VAEStage] {
        var kinds: [Int: Substring] = [:]
        for name in source.names + Array(source.unreadable.keys) where name.hasPrefix(prefix + ".") {
            let parts = name.dropFirst(prefix.count + 1).split(separator: ".")
            if parts.count > 1, let place = Int(parts[0]), (0..<1000).contains(place), parts[1] != "time_conv" {
                kinds[place] = parts[1]
            }
        }
        var stages: [any VAEStage] = []
        for place in 0..<max(1, (kinds.keys.max() ?? 0) + 1) {
            let name = "\(prefix).\(place)"
            switch kinds[place] {
            case "residual", "shortcut": stages.append(try ResidualBlock(self, name, inputs: channels))
            case "norm", "to_qkv", "proj": stages.append(try SpatialAttention(self, name, width: channels))
            case "resample":
                guard let resample else {
                    throw notWan("\(name) changes the size, which no part of a Wan2.1 VAE does there")
                }
                stages.append(try resample(self, name, channels))
            case nil:
                let error = notWan("has no \(name), though it has stages behind it or needs it; get a whole copy")
                guard let findings else { throw error }
                findings.add(error)
                continue
            case .some: throw notWan("\(name) is no part of a Wan2.1 VAE")
            }
            channels = stages.last?.outputs ?? channels
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
    fileprivate func first(_ name: String, inputs: Int, before next: String) throws -> any ConvolutionWeights {
        let outputs = channels(
            [(name + ".weight", 0), (name + ".bias", 0), (next + ".residual.0.gamma", 0)], otherwise: inputs)
        return try convolution(name, outputs, inputs, kernel: 3)
    }
}

/// `[h, w, 3]` -> posterior moments `[h / 8, w / 8, 2 latent channels]`: means, then log variances.
func makeEncoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    let first = PlainConvolution(conv: try loader.first("encoder.conv1", inputs: 3, before: "encoder.downsamples.0"))
    var channels = first.outputs
    var stages: [any VAEStage] = [first]
    stages += try loader.stages("encoder.downsamples", &channels) { try Downsample($0, $1, inputs: $2) }
    stages += try loader.stages("encoder.middle", &channels)
    stages.append(try NormedConvolution(loader, "encoder.head", inputs: channels, outputs: 2 * latent))
    stages.append(PlainConvolution(conv: try loader.convolution("conv1", 2 * latent, 2 * latent, kernel: 1)))
    return try VAETrunk("encoder", stages, compute: loader.compute, bandBytes: bandBytes)
}

/// Latents `[h, w, latent channels]`, not normalised -> `[8h, 8w, 3]`.
func makeDecoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    let first = PlainConvolution(conv: try loader.first("decoder.conv1", inputs: latent, before: "decoder.middle.0"))
    var channels = first.outputs
    var stages: [any VAEStage] = [
        PlainConvolution(conv: try loader.convolution("conv2", latent, latent, kernel: 1)), first,
    ]
    stages += try loader.stages("decoder.middle", &channels)
    stages += try loader.stages("decoder.upsamples", &channels) { try Upsample($0, $1, inputs: $2) }
    stages.append(try NormedConvolution(loader, "decoder.head", inputs: channels, outputs: 3))
    return try VAETrunk("decoder", stages, compute: loader.compute, bandBytes: bandBytes)
}
