import Compute
import FlashU
import ShowO2
package import Tensors
import Tokenizers

extension TextToImage {
    /// How far an image is from where the exact engine would take it: it is noised to some times, and the engine, told the prompt, says from there what
    /// the image should be.
    ///
    /// An image that the model holds for one of the prompt's is predicted well; what is malformed, or does not belong there, the prediction mends. (The
    /// error is the flow-matching loss at the image, which a diffusion model's likelihood is bounded by; "diffusion classifier", Li et al., 2023.)
    ///
    /// - Parameters:
    ///   - latents: `[channels, height, width]` float32.
    ///   - times: of the noised images, 0 = noise, rising.
    ///   - seed: of the noise, which is another for each time.
    /// - Returns: `||predicted - image|| / ||image||` for each time.
    /// - Throws: `ModelError`, `TokenizerError`.
    package func predictionErrors(
        of latents: Tensor, prompt: String, times: [Float], seed: UInt64
    ) async throws -> [Double] {
        try await model.worker.run {
            let geometry = model.geometry
            let shape = [1] + latents.shape
            let grid = TokenGrid(height: shape[2] / geometry.patch, width: shape[3] / geometry.patch)
            let denoising = try Denoising(
                model: model.network, special: model.specialTokens(),
                prompts: [model.tokenizer().encode(prompt, special: .asText)],
                schedule: FlowSchedule(times: times + [1]), grid: grid, guided: false)
            let image = latents.reshaped(shape)
            let expected = image.floats()
            return try times.indices.map { step in
                try Task.checkCancellation()
                let time = times[step]
                let noised = Self.noised(image, time: time, seed: seed &+ UInt64(step))
                let velocity = Tensor(zeros: shape)
                try denoising.velocity(noised, step: step, guidance: 1, into: velocity)
                // The image that the velocity points to: x + (1 - t) v.
                noised.add(velocity, times: 1 - time)
                return LatentError.relative(noised.floats(), expected)
            }
        }
    }
}
