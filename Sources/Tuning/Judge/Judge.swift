import Evaluation
public import FlashU
public import Foundation
public import Images
public import Pipelines
import Tensors

/// Judges without labels: the model looks at its own images and answers (`docs/judge.md` says how far that can be trusted).
public struct Judge: Sendable {
    private let model: UnifiedModel

    /// - Parameter model: loaded for the tasks that are judged; images are looked at by the understanding path.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Draws prompts with two profiles from the same noise, and compares the images.
    ///
    /// - Parameters:
    ///   - seed: image i starts from the noise of `seed + i`.
    ///   - progress: told the images done and their number.
    /// - Throws: what ``Pipelines/TextToImage/generate(_:)`` throws.
    public func drawings(
        _ prompts: [String], _ profile: AccelerationProfile, against reference: AccelerationProfile = .off,
        seed: UInt64 = 0, progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> JudgeReport.Drawings {
        let judge = DrawingJudge(model)
        var samples: [JudgeReport.Drawings.Sample] = []
        var seconds = [0.0, 0.0]
        for (place, prompt) in prompts.enumerated() {
            var views: [DrawingView] = []
            for (side, profile) in [reference, profile].enumerated() {
                let drawn = try await judge.draw(prompt, seed: seed &+ UInt64(place), profile)
                seconds[side] += drawn.seconds / Double(prompts.count)
                views.append(try await judge.view(drawn.latents, of: prompt))
                progress(2 * place + side + 1, 2 * prompts.count)
            }
            samples.append(.init(prompt: prompt, loss: views[1].loss(against: views[0])))
        }
        return .init(samples, seconds: seconds)
    }

    /// Compares pairs of images.
    ///
    /// - Parameters:
    ///   - images: of each pair the reference and the judged one, made when wanted.
    ///   - progress: told the pairs done and their number.
    /// - Throws: what reading an image throws, `ModelError`.
    public func images(
        _ images: [(name: String, prompt: String?, reference: () throws -> RGBImage, judged: () throws -> RGBImage)],
        progress: (Int, Int) -> Void = { _, _ in }
    ) async throws -> JudgeReport.Drawings {
        let judge = DrawingJudge(model)
        var samples: [JudgeReport.Drawings.Sample] = []
        for (place, pair) in images.enumerated() {
            let reference = try await judge.view(pair.reference(), of: pair.prompt)
            let judged = try await judge.view(pair.judged(), of: pair.prompt)
            samples.append(.init(prompt: pair.prompt ?? pair.name, loss: judged.loss(against: reference)))
            progress(place + 1, images.count)
        }
        return .init(samples)
    }

    /// Answers questions with two profiles, the second one led along the first one's answers.
    ///
    /// - Parameters:
    ///   - questions: on images; those on one image together read it once.
    ///   - folder: where the images are whose paths are relative.
    ///   - progress: told the questions done and their number.
    /// - Throws: what ``Pipelines/ImageQuestion/ask(_:)`` throws, `ImageError`.
    public func answers(
        _ questions: [ModelCalibration.Question], folder: URL, _ profile: AccelerationProfile,
        against reference: AccelerationProfile = .off, maxTokens: Int = 64,
        progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> JudgeReport.Answers {
        let judge = AnswerJudge(model, maxTokens: maxTokens)
        var samples: [JudgeReport.Answers.Sample] = []
        var seconds = [0.0, 0.0]
        for (image, asked) in questions.groupedInOrder(by: \.image) {
            let latents = try await ImageQuestion(model).latents(
                of: RGBImage(contentsOf: folder.listed(image)))
            let texts = asked.map(\.question)
            let references = try await judge.references(.latents(latents), texts, reference)
            let own = try await judge.losses(.latents(latents), texts, references, reference)
            let others = try await judge.losses(.latents(latents), texts, references, profile)
            for (place, question) in texts.enumerated() {
                seconds[0] += own[place].seconds
                seconds[1] += others[place].seconds
                samples.append(
                    .init(
                        image: image, question: question, answer: references[place].text, loss: others[place].loss))
            }
            progress(samples.count, questions.count)
        }
        return .init(samples, seconds: seconds.map { $0 / Double(max(1, samples.count)) })
    }
}
