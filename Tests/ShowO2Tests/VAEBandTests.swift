import Compute
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Large images run in bands of rows: what comes out is what the whole image gives, to rounding.
@Suite struct VAEBandTests {
    static func vae(bandBytes: Int) throws -> WanVAE {
        try WanVAE(
            weights: RandomVAEWeights(width: 16, latent: 4), mean: [0.1, -0.2, 0, 0.3], std: [1, 2, 1.5, 0.5],
            compute: CPUCompute(threads: 2), bandBytes: bandBytes)
    }

    /// Bands of 8 rows, the least there are, and of some more; heights that bands do not divide.
    @Test(arguments: [1, 150_000], [(5, 7), (6, 3), (13, 4)])
    func bandsEqualTheWhole(bandBytes: Int, size: (height: Int, width: Int)) throws {
        var random = SeededRandom(seed: 4)
        let latents = random.tensor([4, size.height, size.width])
        let pixels = random.tensor([3, 8 * size.height, 8 * size.width])
        let (whole, banded) = (try Self.vae(bandBytes: .max), try Self.vae(bandBytes: bandBytes))
        for _ in 0..<2 {  // the second time in used memory
            let (a, b) = (try whole.decode(latents), try banded.decode(latents))
            #expect(b.shape == [3, 8 * size.height, 8 * size.width])
            #expect(relativeError(b.floats(), a.floats()) < 1e-5)
            let (c, d) = (try whole.encode(pixels), try banded.encode(pixels))
            #expect(relativeError(d.mean.floats(), c.mean.floats()) < 1e-5)
            #expect(relativeError(d.logVariance.floats(), c.logVariance.floats()) < 1e-5)
        }
        // Random weights that made everything vanish would make any two results equal.
        #expect(try whole.decode(latents).floats().contains { abs($0) > 1e-3 })
    }

    /// Memory that a larger image used does not show in the next one.
    @Test func usedMemoryDoesNotShow() throws {
        var random = SeededRandom(seed: 5)
        let vae = try Self.vae(bandBytes: 150_000)
        let small = random.tensor([4, 2, 3])
        let before = try vae.decode(small).floats()
        _ = try vae.decode(random.tensor([4, 9, 9]))
        #expect(try vae.decode(small).floats() == before)
    }

    @Test func parityHoldsInBands() throws {
        let golden = try Golden("vae_tiny_io")
        let vae = try WanVAE(
            weights: openWeights(file: Golden.model("vae_tiny").appendingPathComponent("vae_tiny.pth")),
            mean: golden["mean"].floats(), std: golden["std"].floats(), compute: CPUCompute(threads: 2), bandBytes: 1)
        let pixels = try vae.decode(golden["latent_image"].reshaped([16, 6, 6]))
        #expect(relativeError(pixels.floats(), try golden["latent_image_decoded_unclamped"].floats()) < 1e-5)
        let posterior = try vae.encode(golden["image"].reshaped([3, 48, 48]))
        #expect(relativeError(posterior.mean.floats(), try golden["image_mu"].floats()) < 1e-5)
    }
}
