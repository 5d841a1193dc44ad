package import FlashU
package import Pipelines
package import Tensors

/// Judges answers by the exact engine's expectations.
package struct AnswerJudge: Sendable {
    let model: UnifiedModel
    /// Tokens of an answer at most.
    let maxTokens: Int

    /// - Parameter maxTokens: of an answer.
    package init(_ model: UnifiedModel, maxTokens: Int = 64) { (self.model, self.maxTokens) = (model, maxTokens) }

    /// A question that was answered.
    package struct Answered: Sendable {
        package let loss: AnswerLoss
        /// Seconds of reading the image, which its questions share, and of question and answer.
        package let seconds: Double
        package let firstToken: Double
        package let flops: Int
    }

    private func request(_ latents: Tensor, _ questions: [String], _ profile: AccelerationProfile)
        -> ImageQuestion.Request
    {
        .init(
            sources: [.latents(latents)], questions: questions.map { .text($0) }, maxTokens: maxTokens,
            profile: profile)
    }

    /// The exact engine's answers to questions on an image, latents `[1, channels, height, width]`.
    package func references(_ latents: Tensor, _ questions: [String], _ profile: AccelerationProfile = .off)
        async throws
        -> [AnswerReference]
    {
        let answers = Collected<AnswerReference>()
        try await ImageQuestion(model).follow(request(latents, questions, profile)) { answers.add(AnswerReference($0)) }
        return answers.all
    }

    /// What a profile makes of the same questions, led along the reference's answers.
    package func losses(
        _ latents: Tensor, _ questions: [String], _ references: [AnswerReference], _ profile: AccelerationProfile,
        on other: UnifiedModel? = nil
    ) async throws -> [Answered] {
        let answers = Collected<Answered>()
        try await ImageQuestion(other ?? model).follow(
            request(latents, questions, profile), answers: references.map(\.tokens)
        ) { answer in
            let t = answer.timings
            answers.add(
                Answered(
                    loss: references[answer.index].loss(answer.logits),
                    seconds: t.reading / Double(questions.count) + t.question + t.decoding,
                    firstToken: t.reading / Double(questions.count) + t.question,
                    flops: t.imageFlops / questions.count + t.flops))
        }
        return answers.all
    }
}
