import Compute
public import FlashU
public import Foundation
import Images
import ShowO2
import Tensors
import Tokenizers

/// Calibrates a model folder: draws prompts and reads images with questions on the dense engine, and measures what FlashU's policies need.
public struct ModelCalibration: Sendable {
    /// An image file and a question on it.
    public struct Question: Sendable, Decodable {
        /// Path, relative to the list's folder.
        public var image: String
        /// The question.
        public var question: String
    }

    private let model: UnifiedModel

    /// - Parameter model: loaded with ``UnifiedModel/load(_:precision:threads:calibrated:progress:)``, `calibrated` false.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Measures.
    ///
    /// - Parameters:
    ///   - prompts: drawn one image each, with seed 0, 1, ...; empty = generation is not calibrated.
    ///   - questions: read one by one; empty = understanding is not calibrated.
    ///   - folder: where the questions' images are.
    ///   - progress: told the samples done and their number.
    /// - Throws: `ModelError`, `ImageError`, `WeightError`, `CancellationError`.
    public func run(
        prompts: [String], questions: [Question], folder: URL,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Calibration {
        try await model.worker.run {
            let (geometry, special, tokenizer) = (model.geometry, try model.specialTokens(), try model.tokenizer())
            guard model.neuronOrder == nil else {
                throw ModelError.request("calibrate a model that was loaded without its calibration")
            }
            var calibrator = try Calibrator(
                model: model.network, weights: openWeights(in: model.folder), special: special)
            let schedule = try FlowSchedule(steps: geometry.sampling.steps, timeShift: geometry.sampling.timeShift)
            let shape = [
                geometry.latentChannels, geometry.gridHeight * geometry.patch, geometry.gridWidth * geometry.patch,
            ]
            let total = prompts.count + questions.count
            for (i, prompt) in prompts.enumerated() {
                let noise = Tensor(TextToImage.noise(seed: UInt64(i), shape: shape), shape: [1] + shape)
                try calibrator.draw(
                    prompt: tokenizer.encode(prompt, special: .asText), noise: noise, schedule: schedule,
                    guidance: geometry.sampling.guidance)
                progress(i + 1, total)
            }
            let template = ChatTemplate(special: special, tokenizer: tokenizer)
            for (i, question) in questions.enumerated() {
                try Task.checkCancellation()
                let image = try RGBImage(contentsOf: folder.appendingPathComponent(question.image))
                    .resizedCovering(width: geometry.imageWidth, height: geometry.imageHeight)
                let pixels = Tensor(image.normalizedPlanar(), shape: [3, image.height, image.width])
                let latents = try model.vae().encode(pixels).mean
                try calibrator.read(
                    prefix: template.prefix(), latents: latents.reshaped([1] + latents.shape),
                    question: template.question(question.question))
                progress(prompts.count + i + 1, total)
            }
            return calibrator.calibration
        }
    }
}
