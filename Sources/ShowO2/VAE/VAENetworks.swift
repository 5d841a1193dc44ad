import Compute
import Foundation
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

/// A convolution, stages, and norm-SiLU-convolution.
private struct Trunk: Sendable {
    let first: any ConvolutionWeights
    let stages: [any VAEStage]
    let norm: Norm
    let last: any ConvolutionWeights
    let compute: any Compute

    /// - Throws: ``ModelError/contradiction(_:)`` when a part gives other channels than the next one takes, or the image
    ///   is not resized three times (by 8 in all).
    init(
        _ name: String, first: any ConvolutionWeights, stages: [any VAEStage], norm: Norm, last: any ConvolutionWeights,
        compute: any Compute
    ) throws {
        var channels = first.outputs
        for (i, stage) in stages.enumerated() {
            guard stage.inputs == channels else {
                throw ModelError.contradiction(
                    "stage \(i) of the VAE's \(name) takes \(stage.inputs) channels, the one before gives \(channels)")
            }
            channels = stage.outputs
        }
        guard norm.weight.count == channels, last.inputs == channels else {
            throw ModelError.contradiction(
                "the last stage of the VAE's \(name) gives \(channels) channels, its end takes \(last.inputs)")
        }
        let resizes = stages.count { $0 is Downsample || $0 is Upsample }
        guard resizes == 3 else {
            throw ModelError.contradiction(
                "the VAE's \(name) resizes \(resizes) times; 3 times (by 8 in all) is needed")
        }
        (self.first, self.stages, self.norm, self.last, self.compute) = (first, stages, norm, last, compute)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
        var hidden = Tensor(zeros: [x.shape[0], x.shape[1], first.outputs])
        try compute.convolution(x, first, accumulate: false, into: hidden)
        for stage in stages {
            try Task.checkCancellation()
            hidden = try stage(hidden, compute)
        }
        let normed = Tensor(zeros: hidden.shape)
        compute.norm(hidden, norm, nil, silu: true, into: normed)
        let out = Tensor(zeros: [hidden.shape[0], hidden.shape[1], last.outputs])
        try compute.convolution(normed, last, accumulate: false, into: out)
        return out
    }
}

/// `[h, w, 3]` -> posterior moments `[h / 8, w / 8, 2 latent channels]`: means, then log variances.
struct Encoder: Sendable {
    private let trunk: Trunk
    private let moments: any ConvolutionWeights

    init(_ loader: WeightLoader, latent: Int) throws {
        trunk = try Trunk(
            "encoder", first: try loader.convolution("encoder.conv1"),
            stages: try loader.stages("encoder.downsamples") { try Downsample($0, $1) }
                + loader.stages("encoder.middle") { _, name in throw ModelError.contradiction("\(name) resamples") },
            norm: try loader.channelNorm("encoder.head.0"), last: try loader.convolution("encoder.head.2"),
            compute: loader.compute)
        moments = try loader.convolution("conv1")
        guard trunk.first.inputs == 3, trunk.last.outputs == moments.inputs, moments.outputs == 2 * latent else {
            throw ModelError.contradiction("the VAE's encoder does not lead from 3 to \(2 * latent) channels")
        }
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let hidden = try trunk(x)
        let out = Tensor(zeros: [hidden.shape[0], hidden.shape[1], moments.outputs])
        try trunk.compute.convolution(hidden, moments, accumulate: false, into: out)
        return out
    }
}

/// Latents `[h, w, latent channels]`, not normalised -> `[8h, 8w, 3]`.
struct Decoder: Sendable {
    private let entrance: any ConvolutionWeights
    private let trunk: Trunk

    init(_ loader: WeightLoader, latent: Int) throws {
        entrance = try loader.convolution("conv2")
        trunk = try Trunk(
            "decoder", first: try loader.convolution("decoder.conv1"),
            stages: try loader.stages("decoder.middle") { _, name in throw ModelError.contradiction("\(name) resamples")
            }
                + loader.stages("decoder.upsamples") { try Upsample($0, $1) },
            norm: try loader.channelNorm("decoder.head.0"), last: try loader.convolution("decoder.head.2"),
            compute: loader.compute)
        guard entrance.inputs == latent, entrance.outputs == trunk.first.inputs, trunk.last.outputs == 3 else {
            throw ModelError.contradiction("the VAE's decoder does not lead from \(latent) to 3 channels")
        }
    }

    func callAsFunction(_ z: Tensor) throws -> Tensor {
        let hidden = Tensor(zeros: [z.shape[0], z.shape[1], entrance.outputs])
        try trunk.compute.convolution(z, entrance, accumulate: false, into: hidden)
        return try trunk(hidden)
    }
}
