import Compute
public import FlashU
public import Foundation
import ShowO2

/// Measures the paper's finding on a model folder: draws prompts and reads images with questions on the dense engine, and compares the
/// neurons' scores that a calibration holds.
public struct ModelAnalyzer: Sendable {
    /// What to measure.
    public struct Request: Sendable {
        /// Drawn one image each; at least one.
        public var prompts: [String]
        /// Read one by one; at least one.
        public var questions: [ModelCalibration.Question]
        /// Where the questions' images are.
        public var folder: URL
        /// Share of a layer's neurons that is called critical for a task, between 0 and 1.
        public var critical: Double
        /// The LLM layer whose visual tokens are kept for a plot; nil = 2, the layer at which the paper prunes.
        public var layer: Int?
        /// The first drawing's noise has this seed, the next one's the next.
        public var seed: UInt64

        /// Samples and settings.
        public init(
            prompts: [String], questions: [ModelCalibration.Question], folder: URL, critical: Double = 0.2,
            layer: Int? = nil, seed: UInt64 = 0
        ) {
            self.prompts = prompts
            self.questions = questions
            self.folder = folder
            self.critical = critical
            self.layer = layer
            self.seed = seed
        }
    }

    private let model: UnifiedModel

    /// An analysis of a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Measures.
    ///
    /// - Parameters:
    ///   - request: samples and layers.
    ///   - calibration: the neurons' scores for both tasks.
    ///   - progress: told the samples done and their number.
    /// - Throws: `ModelError`, `ImageError`, `WeightError`, `CancellationError`.
    public func run(
        _ request: Request, calibration: Calibration, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ModelAnalysis {
        try await model.worker.run {
            guard request.critical > 0, request.critical < 1 else {
                throw ModelError.request("the critical share must be between 0 and 1, not \(request.critical)")
            }
            guard !request.prompts.isEmpty, !request.questions.isEmpty else {
                throw ModelError.request("an analysis needs a prompt and an image with a question at least")
            }
            let geometry = model.geometry
            let neurons = try NeuronOverlap.Score.allCases.map {
                try NeuronOverlap(calibration, score: $0, critical: request.critical)
            }
            var analyzer = try Analyzer(
                model: model.network, special: model.specialTokens(),
                layer: request.layer ?? min(2, geometry.llm.layers - 1))
            try CalibrationSamples(
                prompts: request.prompts, questions: request.questions, folder: request.folder, seed: request.seed
            ).run(
                on: model,
                draw: { prompt, noise, schedule in
                    try analyzer.draw(
                        prompt: prompt, noise: noise, schedule: schedule, guidance: geometry.sampling.guidance)
                }, read: { try analyzer.read(prefix: $0, latents: $1, question: $2) }, progress: progress)
            return ModelAnalysis(
                settings: .init(
                    model: geometry.name, precision: model.network.compute.precision.rawValue,
                    critical: request.critical, prompts: request.prompts.count, images: request.questions.count,
                    guidance: Double(geometry.sampling.guidance), seed: request.seed),
                neurons: neurons, layers: analyzer.layers, tokens: analyzer.tokens)
        }
    }
}
