public import Compute
import Foundation
import Synchronization
public import Tensors

/// The Wan2.1 VAE: pixels <-> normalised latents, of single images and of videos (``encode(film:)``).
///
/// Official file: `models/wan21_vae.py`. Its causal 3-D convolutions see two zero frames before a single frame, so only the last
/// temporal slice of each kernel acts and the network is a 2-D one; the temporal convolutions of the resamplers are not
/// reached. Images are channels-last here, `[height, width, channels]`. Encoder and decoder are packed when first used. Large images
/// are processed in bands of rows (`VAETrunk`). Intermediates are given back after every image: beside a language model they are the peak of
/// the memory.
public final class WanVAE: Sendable {
    /// Pixels per latent pixel.
    public static let scale = ShowO2Geometry.pixelsPerLatent
    /// Channels of a latent pixel.
    public let channels: Int
    private let mean: [Float]
    private let std: [Float]
    let loader: WeightLoader
    let bandBytes: Int
    private let madeEncoder = Mutex<VAETrunk?>(nil)
    private let madeDecoder = Mutex<VAETrunk?>(nil)

    /// A VAE whose weights have the official names, or diffusers'. It computes in float32.
    ///
    /// - Parameters:
    ///   - weights: the tensors.
    ///   - mean: of each channel of a latent pixel.
    ///   - std: standard deviation of each channel of a latent pixel.
    ///   - compute: the backend.
    ///   - bandBytes: size of a layer's result from which images are processed in bands of rows.
    /// - Throws: `WeightError` or ``ModelError`` if the weights are not a Wan VAE's with that many latent channels.
    public init(
        weights: any TensorSource, mean: [Float], std: [Float], compute: any Compute, bandBytes: Int = 80 << 20
    ) throws {
        let weights = try Self.named(weights)
        guard !mean.isEmpty, mean.count == std.count else {
            throw ModelError.contradiction("the VAE has \(mean.count) means and \(std.count) deviations")
        }
        // Now, and not after the image has been drawn.
        try Self.inspect(weights, channels: mean.count, nil)
        channels = mean.count
        self.mean = mean
        self.std = std
        self.bandBytes = bandBytes
        loader = WeightLoader(source: weights, compute: compute.with(precision: .f32))
    }

    /// The weights under the official names.
    /// - Throws: ``ModelError/contradiction(_:)`` if they are no Wan VAE's.
    static func named(_ weights: any TensorSource) throws -> any TensorSource {
        guard isVAE(weights) else {
            throw ModelError.configuration(
                file: weights.location, reason: "is no Wan2.1 VAE; take Wan2.1_VAE.pth, or diffusers' copy of it")
        }
        return try DiffusersVAENames.official(weights)
    }

    /// Goes through both networks without reading their weights.
    ///
    /// - Parameter findings: takes all that is wrong; nil: the first fault is thrown.
    static func inspect(_ weights: any TensorSource, channels: Int, _ findings: WeightFindings?) throws {
        let all = findings ?? WeightFindings(file: weights.location)
        let loader = WeightLoader(source: weights, compute: ReferenceCompute(), findings: all)
        for make in [makeEncoder, makeDecoder] {
            do {
                _ = try make(loader, channels, 0)
            } catch {
                all.add(error)
            }
            if findings == nil, let first = all.firstError { throw first }
        }
    }

    /// What an image becomes: the normalised mean, and the logarithm of the posterior's variance (not normalised).
    public struct Posterior: Sendable {
        /// `[channels, height / 8, width / 8]` float32.
        public let mean: Tensor
        /// `[channels, height / 8, width / 8]` float32.
        public let logVariance: Tensor

        /// `mean + exp(logVariance / 2) * noise`: as the official code samples, the noise not normalised.
        /// noise `[channels, height / 8, width / 8]`.
        public func sample(noise: [Float]) -> Tensor {
            let (mean, log) = (mean.floats(), logVariance.floats())
            return Tensor(mean.indices.map { mean[$0] + exp(log[$0] / 2) * noise[$0] }, shape: self.mean.shape)
        }
    }

    /// pixels `[3, height, width]` in -1 ... 1, sides multiples of 8 -> the posterior.
    /// - Throws: ``ModelError/request(_:)`` for other sizes, `ComputeError`.
    public func encode(_ pixels: Tensor) throws -> Posterior {
        try finished { try addEncoding(to: $0, pixels, then: $1) }
    }

    /// Normalised latents `[channels, h, w]` -> pixels `[3, 8h, 8w]`, not clamped.
    /// - Throws: ``ModelError/request(_:)`` for another channel count, `ComputeError`.
    public func decode(_ latents: Tensor) throws -> Tensor {
        try finished { try addDecoding(to: $0, latents, then: $1) }
    }

    /// Adds the stages of ``encode(_:)``; the last one gives `done` the posterior.
    ///
    /// - Parameters:
    ///   - stages: takes them.
    ///   - pixels: `[3, height, width]` in -1 ... 1, sides multiples of 8.
    ///   - workspace: has the intermediates. One for several images, one after the other, saves asking the system for the memory each time.
    ///   - done: is given the posterior.
    /// - Throws: ``ModelError/request(_:)`` for other sizes.
    public func addEncoding(
        to stages: Stages, _ pixels: Tensor, in workspace: Workspace = Workspace(),
        then done: @escaping (Posterior) throws -> Void
    ) throws {
        guard pixels.shape.count == 3, pixels.shape[0] == 3, pixels.shape[1] > 0, pixels.shape[2] > 0,
            pixels.shape[1] % Self.scale == 0, pixels.shape[2] % Self.scale == 0
        else { throw ModelError.request("the VAE encodes images whose sides are multiples of 8, not \(pixels.shape)") }
        stages.add { [self] in
            try encoder().add(to: stages, ChannelsLast.from(pixels), workspace) { try done(self.posterior($0)) }
        }
    }

    /// The posterior of what the encoder gives, `[h, w, 2 channels]`.
    func posterior(_ image: Tensor) -> Posterior {
        let (height, width) = (image.shape[0], image.shape[1])
        // [2 channels, h, w]
        let planar = ChannelsLast.toPlanar(image).reshaped([2, channels, height, width])
        let mu = planar.rows(0..<1).reshaped([channels, height, width]).toFloat32()
        mu.update { i, x in (x - mean[i / (height * width)]) / std[i / (height * width)] }
        return Posterior(
            mean: mu, logVariance: planar.rows(1..<2).reshaped([channels, height, width]).toFloat32())
    }

    /// Normalised latents `[channels, h, w]` -> what the decoder takes, `[h, w, channels]`.
    func decoderInput(_ latents: Tensor) -> Tensor {
        let plane = latents.shape[1] * latents.shape[2]
        let z = latents.toFloat32()
        z.update { i, x in x * std[i / plane] + mean[i / plane] }
        return ChannelsLast.from(z)
    }

    /// The encoder, packed when first asked for; once it was made for videos, it serves images too.
    func encoder(forFilms: Bool = false) throws -> VAETrunk {
        try network(madeEncoder, makeEncoder, forFilms: forFilms)
    }

    /// The decoder, likewise.
    func decoder(forFilms: Bool = false) throws -> VAETrunk {
        try network(madeDecoder, makeDecoder, forFilms: forFilms)
    }

    private func network(
        _ made: borrowing Mutex<VAETrunk?>, _ make: (WeightLoader, Int, Int) throws -> VAETrunk, forFilms: Bool
    ) throws -> VAETrunk {
        try made.withLock { made in
            if let made, made.isForFilms || !forFilms { return made }
            made = nil  // first gives its memory back
            var loader = loader
            loader.isForFilms = forFilms
            let network = try make(loader, channels, bandBytes)
            made = network
            return network
        }
    }

    /// Adds the stages of ``decode(_:)``; the last one gives `done` the pixels.
    /// - Throws: ``ModelError/request(_:)`` for another channel count.
    public func addDecoding(to stages: Stages, _ latents: Tensor, then done: @escaping (Tensor) throws -> Void) throws {
        guard latents.shape.count == 3, latents.shape[0] == channels, latents.count > 0 else {
            throw ModelError.request("the VAE decodes latents of \(channels) channels, not \(latents.shape)")
        }
        stages.add { [self] in
            try decoder().add(to: stages, decoderInput(latents), Workspace()) { try done(ChannelsLast.toPlanar($0)) }
        }
    }

    /// Runs all stages and returns what the last one gives.
    func finished<Result>(_ add: (Stages, @escaping (Result) -> Void) throws -> Void) throws -> Result {
        let stages = Stages()
        var result: Result?
        try add(stages) { result = $0 }
        try stages.finish()
        guard let result else { preconditionFailure("the last stage gives it") }
        return result
    }
}

/// Between `[channels, height, width]` and `[height, width, channels]`.
enum ChannelsLast {
    static func from(_ planar: Tensor) -> Tensor {
        let out = Tensor(zeros: [planar.shape[1], planar.shape[2], planar.shape[0]])
        planar.transpose(into: out, columns: planar.shape[1] * planar.shape[2])
        return out
    }

    static func toPlanar(_ image: Tensor) -> Tensor {
        let out = Tensor(zeros: [image.shape[2], image.shape[0], image.shape[1]])
        image.transpose(into: out, columns: image.shape[2])
        return out
    }
}
