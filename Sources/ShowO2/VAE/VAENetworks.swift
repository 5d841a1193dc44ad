import Compute
import Tensors

extension WeightLoader {
    /// The stages `prefix.0`, `prefix.1`, ..., told apart by what weights they have.
    func stages(_ prefix: String, resample: (WeightLoader, String) throws -> any VAEStage) throws -> [any VAEStage] {
        var stages: [any VAEStage] = []
        while stages.count < 1000 {
            let name = "\(prefix).\(stages.count)"
            if source.contains(name + ".residual.0.gamma") {
                stages.append(try ResidualBlock(self, name))
            } else if source.contains(name + ".resample.1.weight") {
                stages.append(try resample(self, name))
            } else if source.contains(name + ".to_qkv.weight") {
                stages.append(try SpatialAttention(self, name))
            } else {
                break
            }
        }
        guard !stages.isEmpty else { throw ModelError.contradiction("\(source.location) has no \(prefix).0") }
        return stages
    }
}

/// `[h, w, 3]` -> posterior moments `[h / 8, w / 8, 2 latent channels]`: means, then log variances.
func makeEncoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    var stages: [any VAEStage] = [PlainConvolution(conv: try loader.convolution("encoder.conv1"))]
    stages += try loader.stages("encoder.downsamples") { try Downsample($0, $1) }
    stages += try loader.stages("encoder.middle") { _, name in throw ModelError.contradiction("\(name) resamples") }
    stages.append(try NormedConvolution(loader, "encoder.head"))
    stages.append(PlainConvolution(conv: try loader.convolution("conv1")))
    guard stages.first?.inputs == 3, stages.last?.outputs == 2 * latent else {
        throw ModelError.contradiction("the VAE's encoder does not lead from 3 to \(2 * latent) channels")
    }
    return try VAETrunk("encoder", stages, compute: loader.compute, bandBytes: bandBytes)
}

/// Latents `[h, w, latent channels]`, not normalised -> `[8h, 8w, 3]`.
func makeDecoder(_ loader: WeightLoader, latent: Int, bandBytes: Int) throws -> VAETrunk {
    var stages: [any VAEStage] = [
        PlainConvolution(conv: try loader.convolution("conv2")),
        PlainConvolution(conv: try loader.convolution("decoder.conv1")),
    ]
    stages += try loader.stages("decoder.middle") { _, name in throw ModelError.contradiction("\(name) resamples") }
    stages += try loader.stages("decoder.upsamples") { try Upsample($0, $1) }
    stages.append(try NormedConvolution(loader, "decoder.head"))
    guard stages.first?.inputs == latent, stages.last?.outputs == 3 else {
        throw ModelError.contradiction("the VAE's decoder does not lead from \(latent) to 3 channels")
    }
    return try VAETrunk("decoder", stages, compute: loader.compute, bandBytes: bandBytes)
}
