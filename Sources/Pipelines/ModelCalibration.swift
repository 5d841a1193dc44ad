import Compute
public import FlashU
public import Foundation
import ShowO2
import Tensors

/// Calibrates a model folder: draws prompts and reads images with questions on the dense engine, and measures what FlashU's policies need.
public struct ModelCalibration: Sendable {
    /// An image file and a question on it.
    public struct Question: Sendable, Decodable {
        /// Path, relative to the list's folder.
        public var image: String
        /// The question.
        public var question: String

        /// A question on an image.
        public init(image: String, question: String) { (self.image, self.question) = (image, question) }
    }

    private let model: UnifiedModel

    /// - Parameter model: loaded with `UnifiedModel/load(_:precision:threads:calibrated:progress:)`, `calibrated` false.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Measures.
    ///
    /// - Parameters:
    ///   - prompts: drawn one image each, with seed 0, 1, ...; empty = generation is not calibrated.
    ///   - questions: read one by one; empty = understanding is not calibrated.
    ///   - folder: where the questions' images are whose paths are relative.
    ///   - progress: told the samples done and their number.
    /// - Throws: `ModelError`, `ImageError`, `WeightError`, `CancellationError`.
    public func run(
        prompts: [String], questions: [Question], folder: URL,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Calibration {
        try await model.worker.run {
            guard model.neuronOrder == nil else {
                throw ModelError.request("calibrate a model that was loaded without its calibration")
            }
            var calibrator = try Calibrator(
                model: model.network, weights: openNetworkWeights(in: model.folder), special: model.specialTokens())
            try CalibrationSamples(prompts: prompts, questions: questions, folder: folder).run(
                on: model,
                draw: { prompt, noise, schedule in
                    try calibrator.draw(
                        prompt: prompt, noise: noise, schedule: schedule, guidance: model.geometry.sampling.guidance)
                }, read: { try calibrator.read(prefix: $0, latents: $1, question: $2) }, progress: progress)
            return calibrator.calibration
        }
    }
}
