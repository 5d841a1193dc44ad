import Compute
import Evaluation
import FlashU
package import Foundation
import Pipelines
import ShowO2
import Tensors

/// Divides prompts and images among search, choice and verdict: no text or image serves two of them.
package struct TuneSamples {
    package let prompts: [SampleSet: [DrawingTrials.Sample]]
    private let questions: [SampleSet: [(subject: TuneQuestion.Subject, questions: [String])]]
    private let folder: URL

    /// Images of a prompt at most, each from another noise.
    private static let noises = 20
    /// What is asked about the model's own drawings where no images are given.
    private static let usual = ["Describe the image.", "What is in the image?", "What colors are in the image?"]

    package init(_ settings: Tuner.Settings) {
        var prompts: [SampleSet: [DrawingTrials.Sample]] = [:]
        for (place, set) in SampleSet.allCases.enumerated() {
            let own = settings.prompts.enumerated().filter { $0.offset % 3 == place }.map(\.element)
            // All prompts once, then all with another noise.
            prompts[set] = (0..<Self.noises).flatMap { round in
                own.enumerated().map { index, prompt in
                    .init(
                        prompt: prompt,
                        seed: settings.seed &+ UInt64(1_000_000 * place + 10_000 * round + index))
                }
            }
        }
        self.prompts = prompts
        var questions: [SampleSet: [(subject: TuneQuestion.Subject, questions: [String])]] = [:]
        for (place, set) in SampleSet.allCases.enumerated() {
            questions[set] = settings.questions.groupedInOrder(by: \.subject).enumerated().filter {
                $0.offset % 3 == place
            }
            .map { ($0.element.key, $0.element.elements.map(\.question)) }
        }
        self.questions = questions
        folder = settings.folder
    }

    /// The model's own drawings that are asked about: so many of each set at least and, while there is time, at most.
    private static let drawings = (least: 2, most: 4)
    /// They are drawn on this share of the model's points: what is asked about need not be exact.
    private static let pointsShare = 0.25

    /// Images and videos with questions: the given ones, or the model's own drawings. Those that were drawn as references serve; others are made and kept in `work`.
    ///
    /// - Parameters:
    ///   - seconds: after which no more are drawn than must be.
    ///   - tell: told of each prompt that is drawn.
    package func images(
        _ models: TuneModels, _ settings: Tuner.Settings, _ work: URL, within seconds: Double,
        tell: (String) -> Void
    ) async throws -> [SampleSet: [AnswerTrials.Sample]] {
        guard settings.questions.isEmpty else {
            return questions.mapValues { samples in
                samples.map {
                    let file = folder.listed($0.subject.path)
                    return .init($0.subject.isVideo ? .video(file) : .image(file), questions: $0.questions)
                }
            }
        }
        var images: [SampleSet: [AnswerTrials.Sample]] = [:]
        let start = ContinuousClock.now
        let model = try await models.model(settings.precision)
        let shape = [1] + model.geometry.latentShape(model.geometry.grid)
        let steps = max(4, Int(Double(model.geometry.sampling.steps) * Self.pointsShare))
        for index in 0..<Self.drawings.most {
            for set in SampleSet.allCases {
                // A set has its images in order: none behind one that is missing.
                guard let samples = prompts[set], samples.indices.contains(index), images[set]?.count ?? 0 == index
                else { continue }
                let (sample, name) = (samples[index], "\(set.rawValue)-\(index).safetensors")
                let own = work.appendingPathComponent("asked-\(name)")
                let latents: Tensor
                if let known = Reference(file: work.appendingPathComponent(name)) {
                    latents = Tensor(known.view.latents, shape: shape)
                } else if let known = try? openWeights(file: own).tensor("latents"), known.shape == shape {
                    latents = known.toFloat32()
                } else {
                    let isLate = (ContinuousClock.now - start).inSeconds > seconds
                    guard index < Self.drawings.least || !isLate else { continue }
                    tell(sample.prompt)
                    let drawn = try await DrawingJudge(model).draw(sample.prompt, seed: sample.seed, .off, steps: steps)
                    latents = drawn.latents.reshaped(shape)
                    try SafetensorsWriter.write([("latents", latents)], to: own)
                }
                images[set, default: []].append(.init(.latents(latents), questions: Self.usual))
            }
        }
        return images
    }
}
