import Evaluation
import Foundation
import Pipelines
import ShowO2
import Tensors
import Tokenizers

/// Asks the model whether an image shows a prompt.
///
/// VQAScore (Lin et al., 2024) is the probability of "yes" to one question. Where more questions follow from a prompt (the shapes world), it is the
/// product of the right answers' probabilities: how likely the model holds all of them to be true.
///
/// An answer may hang by a thread: of two images that no eye tells apart the model finds the prompt in one. So the images are read with some noise, several
/// times, and the probabilities averaged: what hangs by a thread is then as likely in both, and what is missing in an image stays missing
/// (`docs/judge.md`).
struct AlignmentJudge: Sendable {
    let model: UnifiedModel

    /// Questions and the answers that agree; empty where nothing can be asked.
    func questions(on prompt: String) -> [(question: String, answer: String)] {
        switch model.geometry.alignment {
        case .question(let template, let answer): [(template.replacing("{}", with: prompt), answer)]
        case .shapes: ShapesPrompt.questions(on: prompt) ?? []
        }
    }

    /// The time at which images are read, 1 being the image alone, and how many noises.
    static let (time, noises): (Float, Int) = (0.7, 3)

    /// The probability that the model finds the prompt in an image; nil where nothing can be asked.
    /// - Parameter latents: `[1, channels, height, width]` float32.
    func probability(_ latents: Tensor, shows prompt: String) async throws -> Double? {
        let questions = questions(on: prompt)
        guard !questions.isEmpty else { return nil }
        var sum = 0.0
        for seed in 0..<Self.noises {
            sum += try await probability(
                TextToImage.noised(latents, time: Self.time, seed: UInt64(seed)), questions)
        }
        return sum / Double(Self.noises)
    }

    private func probability(_ latents: Tensor, _ questions: [(question: String, answer: String)]) async throws
        -> Double
    {
        let tokenizer = try model.tokenizer()
        let answers = questions.map { tokenizer.encode($0.answer, special: .asText) }
        let probabilities = Collected<Double>()
        try await ImageQuestion(model).follow(
            .init(sources: [.latents(latents)], questions: questions.map { .text($0.question) }), answers: answers
        ) { answer in
            for (token, logits) in zip(answer.tokens, answer.logits) {
                probabilities.add(exp(Double(logits[token]) - TokenDistribution.normalizer(logits)))
            }
        }
        return probabilities.all.reduce(1, *)
    }
}
