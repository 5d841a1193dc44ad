import Evaluation
import FlashU
import Foundation
import Pipelines
import ShowO2
import Tensors

/// Divides prompts and images among search, choice and verdict: no text or image serves two of them.
struct TuneSamples {
    let prompts: [SampleSet: [DrawingTrials.Sample]]
    private let questions: [SampleSet: [(image: String, questions: [String])]]
    private let folder: URL

    /// Images of a prompt at most, each from another noise.
    private static let noises = 20
    /// What is asked about the model's own drawings where no images are given.
    private static let usual = ["Describe the image.", "What is in the image?", "What colors are in the image?"]

    init(_ settings: Tuner.Settings) {
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
        var questions: [SampleSet: [(image: String, questions: [String])]] = [:]
        for (place, set) in SampleSet.allCases.enumerated() {
            questions[set] = settings.questions.groupedInOrder(by: \.image).enumerated().filter {
                $0.offset % 3 == place
            }
            .map { ($0.element.key, $0.element.elements.map(\.question)) }
        }
        self.questions = questions
        folder = settings.folder
    }

    /// Images with questions: the given ones, or the model's own drawings, which are made and kept in `work`.
    func images(_ models: TuneModels, _ settings: Tuner.Settings, _ work: URL) async throws
        -> [SampleSet: [AnswerTrials.Sample]]
    {
        guard settings.questions.isEmpty else {
            return questions.mapValues { images in
                images.map { .init(image: .file(folder.appendingPathComponent($0.image)), questions: $0.questions) }
            }
        }
        var images: [SampleSet: [AnswerTrials.Sample]] = [:]
        for (set, samples) in prompts {
            for (index, sample) in samples.prefix(4).enumerated() {
                let file = work.appendingPathComponent("\(set.rawValue)-\(index).safetensors")
                let model = try await models.model(settings.precision)
                let shape = model.geometry.latentShape(model.geometry.grid)
                let latents: Tensor
                if let known = Reference(file: file) {
                    latents = Tensor(known.view.latents, shape: [1] + shape)
                } else {
                    let drawn = try await DrawingJudge(model).draw(sample.prompt, seed: sample.seed, .off)
                    latents = drawn.latents.reshaped([1] + shape)
                }
                images[set, default: []].append(.init(image: .latents(latents), questions: Self.usual))
            }
        }
        return images
    }
}
