import Compute
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// The VAE in time, held to the official one (golden files `vae_tiny_io` and `vae_film`).
@Suite struct FilmVAETests {
    private static func vae(_ compute: (any Compute)? = nil) throws -> WanVAE {
        try VAEParityTests.vae(Golden("vae_tiny_io"), compute ?? CPUCompute(threads: 2))
    }

    /// `[1, channels, frames, h, w]` -> `[frames, channels, h, w]`
    static func framesFirst(_ x: Tensor) -> Tensor {
        let (channels, frames, plane) = (x.shape[1], x.shape[2], x.shape[3] * x.shape[4])
        let values = x.floats()
        var out: [Float] = []
        for t in 0..<frames {
            for c in 0..<channels { out += values[(c * frames + t) * plane..<(c * frames + t + 1) * plane] }
        }
        return Tensor(out, shape: [frames, channels, x.shape[3], x.shape[4]])
    }

    private func values(_ posteriors: [WanVAE.Posterior], _ part: (WanVAE.Posterior) -> Tensor) -> [Float] {
        posteriors.flatMap { part($0).floats() }
    }

    @Test(arguments: [1, 2])
    func theOfficialVideo(threads: Int) throws {
        let golden = try Golden("vae_tiny_io")
        let vae = try Self.vae(CPUCompute(precision: .bf16, threads: threads))
        let posteriors = try vae.encode(film: Self.framesFirst(golden["video"]))
        #expect(posteriors.count == 2)
        #expect(
            relativeError(values(posteriors, \.mean), Self.framesFirst(try golden["video_mu"]).floats()) < 1e-5)
        #expect(
            relativeError(values(posteriors, \.logVariance), Self.framesFirst(try golden["video_logvar"]).floats())
                < 1e-5)
        let pixels = try vae.decode(film: Self.framesFirst(golden["latent_video"]))
        #expect(pixels.shape == [5, 3, 32, 32])
        #expect(
            relativeError(
                pixels.floats(), Self.framesFirst(try golden["latent_video_decoded_unclamped"]).floats()) < 1e-5)
        // A single image is a video of one frame.
        let image = try vae.encode(film: Self.framesFirst(golden["image"]))
        #expect(relativeError(values(image, \.mean), try golden["image_mu"].floats()) < 1e-5)
        let decoded = try vae.decode(film: Self.framesFirst(golden["latent_image"]))
        #expect(relativeError(decoded.floats(), try golden["latent_image_decoded_unclamped"].floats()) < 1e-5)
    }

    /// All counts up to the golden's: what comes later changes nothing before, there as here.
    @Test(arguments: [1, 5, 9, 13, 17])
    func encodesOtherCounts(frames: Int) throws {
        let golden = try Golden("vae_film")
        let posteriors = try Self.vae().encode(film: Self.framesFirst(golden["video"]).rows(0..<frames))
        let count = try #require(WanVAE.latents(ofFrames: frames))
        #expect(posteriors.count == count)
        let (mu, logvar) = (Self.framesFirst(try golden["mu"]), Self.framesFirst(try golden["logvar"]))
        #expect(relativeError(values(posteriors, \.mean), mu.rows(0..<count).floats()) < 1e-5)
        #expect(relativeError(values(posteriors, \.logVariance), logvar.rows(0..<count).floats()) < 1e-5)
    }

    @Test(arguments: [1, 2, 3, 4])
    func decodesOtherCounts(latents: Int) throws {
        let golden = try Golden("vae_film")
        let pixels = try Self.vae().decode(film: Self.framesFirst(golden["latents"]).rows(0..<latents))
        let frames = WanVAE.frames(ofLatents: latents)
        #expect(pixels.shape == [frames, 3, 24, 16])
        let expected = Self.framesFirst(try golden["decoded"]).rows(0..<frames)
        #expect(relativeError(pixels.floats(), expected.floats()) < 1e-5)
    }

    /// The official code leaves out frames that make no four; here that is refused, with the numbers that would do.
    @Test func refusesOtherNumbers() throws {
        let golden = try Golden("vae_film")
        let video = Self.framesFirst(try golden["video"])
        let error = #expect(throws: ModelError.self) { try Self.vae().encode(film: video.rows(0..<7)) }
        #expect(error?.description.contains("not 7; 5 or 9 would do") == true)
        let five = try Self.vae().encode(film: video.rows(0..<5))
        #expect(relativeError(values(five, \.mean), Self.framesFirst(try golden["mu_7"]).floats()) < 1e-5)
        #expect(throws: ModelError.self) { try Self.vae().encode(film: video.reshaped([17, 3, 384])) }
        #expect(throws: ModelError.self) { try Self.vae().decode(film: video) }
        #expect(WanVAE.latents(ofFrames: 0) == nil && WanVAE.latents(ofFrames: 8) == nil)
    }

    /// Frames come out as soon as they are due, and memory does not grow with their number.
    @Test func oneByOne() throws {
        let vae = try WanVAE(
            weights: RandomVAEWeights(width: 16, latent: 4), mean: [0.1, -0.2, 0, 0.3], std: [1, 2, 1.5, 0.5],
            compute: CPUCompute(threads: 2))
        var random = SeededRandom(seed: 4)
        let latents = random.tensor([3, 4, 2, 3])
        let stages = Stages()
        var (seen, left): ([Int], [Int]) = ([], [])
        var steps = 0
        try vae.addDecoding(to: stages, film: latents) { number, pixels in
            #expect(pixels.shape == [3, 16, 24])
            seen.append(number)
            left.append(steps)
        }
        while !stages.isEmpty {
            try stages.runNext()
            steps += 1
        }
        #expect(seen == Array(0..<9))
        #expect(Set(left).count == 9 && left[0] < steps / 4)
        let all = try vae.decode(film: latents)
        let short = try vae.decode(film: latents.rows(0..<2))
        #expect(Array(all.floats().prefix(short.count)) == short.floats())
        let one = try vae.filmMemory(.decoding, width: 24, height: 16)
        let image = try vae.memory(.decoding, width: 24, height: 16)
        #expect(one.intermediates > image.intermediates && one.weights > 2 * image.weights)
    }

    /// What is held while a video passes is what the estimate says, and no more with more frames.
    @Test func memoryIsWhatTheEstimateSays() throws {
        let vae = try WanVAE(
            weights: RandomVAEWeights(width: 16, latent: 4), mean: [0.1, -0.2, 0, 0.3], std: [1, 2, 1.5, 0.5],
            compute: CPUCompute(threads: 2))
        var random = SeededRandom(seed: 4)
        func held(_ direction: WanVAE.Direction, latents: Int) throws -> Int {
            let (stages, workspace) = (Stages(), Workspace())
            switch direction {
            case .decoding:
                try vae.addDecoding(to: stages, in: workspace, film: random.tensor([latents, 4, 16, 24])) { _, _ in }
            case .encoding:
                let frame = random.tensor([3, 128, 192])
                try vae.addEncoding(
                    to: stages, in: workspace, frames: WanVAE.frames(ofLatents: latents), height: 128, width: 192,
                    frame: { _ in frame }, each: { _, _ in })
            }
            try stages.finish()
            return workspace.byteCount
        }
        for direction in [WanVAE.Direction.decoding, .encoding] {
            let estimate = try vae.filmMemory(direction, width: 192, height: 128).intermediates
            let (three, five) = (try held(direction, latents: 3), try held(direction, latents: 5))
            #expect(three == five)
            // The estimate also has what convolutions have between, at most 16 MiB.
            #expect(three <= estimate && three > (estimate - (16 << 20)) / 2, "\(direction): \(three) of \(estimate)")
        }
    }

    /// A network that was made for videos gives a single image the very bits that one for images gives.
    @Test func imagesStayTheSame() throws {
        let golden = try Golden("vae_tiny_io")
        let latents = try golden["latent_image"].reshaped([16, 6, 6])
        let pixels = try golden["image"].reshaped([3, 48, 48])
        let (images, films) = (try Self.vae(), try Self.vae())
        _ = try films.decode(film: Self.framesFirst(golden["latent_video"]))
        _ = try films.encode(film: Self.framesFirst(golden["video"]))
        #expect(try films.decode(latents).floats() == images.decode(latents).floats())
        #expect(try films.encode(pixels).mean.floats() == images.encode(pixels).mean.floats())
    }

    /// A file that holds a slice of each convolution draws images, and says so when it is asked for a video.
    @Test func weightsForImagesAlone() throws {
        let golden = try Golden("vae_tiny_io")
        let file = try openWeights(file: Golden.model("vae_tiny").appendingPathComponent("vae_tiny.pth"))
        let flat = try file.tensor("decoder.conv1.weight").lastTemporalSlice()
        let noTime: [String: EditedWeights.Edit] = Dictionary(
            uniqueKeysWithValues: file.names.filter { $0.contains("time_conv") }.map { ($0, .removed) })
        for weights in [
            AlteredWeights(file, replacing: ["decoder.conv1.weight": flat]) as any TensorSource,
            EditedWeights(file, noTime),
        ] {
            let vae = try WanVAE(
                weights: weights, mean: golden["mean"].floats(), std: golden["std"].floats(), compute: CPUCompute())
            _ = try vae.decode(golden["latent_image"].reshaped([16, 6, 6]))
            let error = #expect(throws: ModelError.self) { try vae.checkFilms() }
            #expect(error?.description.contains("tim") == true)
        }
        try Self.vae().checkFilms()
    }
}
