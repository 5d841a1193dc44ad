package import FlashU
package import Images
package import Pipelines
import ShowO2
package import Tensors

/// Judges drawings by the model's own eyes.
package struct DrawingJudge: Sendable {
    let model: UnifiedModel

    /// - Parameter model: loaded for both tasks.
    package init(_ model: UnifiedModel) { self.model = model }

    /// An image that was drawn.
    package struct Drawing: Sendable {
        /// `[channels, height, width]` float32.
        package let latents: Tensor
        /// Seconds of prompt and denoising.
        package let seconds: Double
        package let flops: Int
        package let evaluations: Int
        package let traces: [StepTrace]
    }

    /// Draws a prompt, latents only.
    package func draw(
        _ prompt: String, seed: UInt64, _ profile: AccelerationProfile, steps: Int? = nil, on other: UnifiedModel? = nil
    ) async throws -> Drawing {
        var traces: [StepTrace] = []
        let request = TextToImage.Request(
            prompts: [.text(prompt)], steps: steps, seed: seed, decode: false, profile: profile)
        for try await event in TextToImage(other ?? model).generate(request) {
            switch event {
            case .step(let step): traces.append(step.trace)
            case .image(let drawn):
                return Drawing(
                    latents: drawn.latents, seconds: drawn.timings.prefill + drawn.timings.denoising,
                    flops: drawn.timings.flops, evaluations: drawn.timings.evaluations, traces: traces)
            }
        }
        throw CancellationError()
    }

    /// What the model sees in latents `[channels, height, width]` that it has drawn.
    package func view(_ latents: Tensor, of prompt: String?) async throws -> DrawingView {
        let image = latents.reshaped([1] + latents.shape)
        // What is larger than what the model reads goes through pixels, as a user's image would.
        guard try model.geometry.tokens(of: image) <= model.geometry.readingGrid.tokens else {
            let pixels = try await TextToImage(model).decoded(latents)
            return try await view(ImageQuestion(model).latents(of: pixels), latents: latents, of: prompt)
        }
        return try await view(image, latents: latents, of: prompt)
    }

    /// What the model sees in an image.
    package func view(_ image: RGBImage, of prompt: String?) async throws -> DrawingView {
        let seen = try await ImageQuestion(model).latents(of: image)
        return try await view(seen, latents: seen, of: prompt)
    }

    /// Times at which images are noised: where what things look like is decided, not yet where they stand.
    static let times: [Float] = [0.5, 0.7, 0.85]

    private func view(_ seen: Tensor, latents: Tensor, of prompt: String?) async throws -> DrawingView {
        let features = try await model.semanticFeatures(of: seen)
        var (alignment, inconsistency) = (Double?.none, Double?.none)
        if let prompt {
            alignment = try await AlignmentJudge(model: model).probability(seen, shows: prompt)
            if seen.count == latents.count {
                let errors = try await TextToImage(model).predictionErrors(
                    of: latents.reshaped(Array(seen.shape.dropFirst())), prompt: prompt, times: Self.times, seed: 0)
                inconsistency = errors.reduce(0, +) / Double(errors.count)
            }
        }
        return DrawingView(
            latents: latents.floats(), features: features, alignment: alignment,
            inconsistency: inconsistency)
    }
}
