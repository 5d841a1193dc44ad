import Compute
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Held to the official `WanVAE` on one image (golden file `vae_tiny_io`), weights read from the `.pth`.
@Suite struct VAEParityTests {
    static func vae(_ golden: Golden, _ compute: any Compute) throws -> WanVAE {
        try WanVAE(
            weights: openWeights(file: Golden.model("vae_tiny").appendingPathComponent("vae_tiny.pth")),
            mean: golden["mean"].floats(), std: golden["std"].floats(), compute: compute)
    }

    @Test(arguments: [1, 2])
    func encodesAndDecodes(threads: Int) throws {
        let golden = try Golden("vae_tiny_io")
        let vae = try Self.vae(golden, CPUCompute(precision: .bf16, threads: threads))
        let posterior = try vae.encode(golden["image"].reshaped([3, 48, 48]))
        #expect(relativeError(posterior.mean.floats(), try golden["image_mu"].floats()) < 1e-5)
        #expect(relativeError(posterior.logVariance.floats(), try golden["image_logvar"].floats()) < 1e-5)
        let pixels = try vae.decode(golden["latent_image"].reshaped([16, 6, 6]))
        #expect(pixels.shape == [3, 48, 48])
        #expect(relativeError(pixels.floats(), try golden["latent_image_decoded_unclamped"].floats()) < 1e-5)
    }

    @Test func referenceBackendAgrees() throws {
        let golden = try Golden("vae_tiny_io")
        let latents = Tensor(Array(try golden["latent_image"].floats().prefix(16 * 4)), shape: [16, 2, 2])
        let cpu = try Self.vae(golden, CPUCompute()).decode(latents)
        let oracle = try Self.vae(golden, ReferenceCompute()).decode(latents)
        #expect(relativeError(cpu.floats(), oracle.floats()) < 1e-5)
    }
}
