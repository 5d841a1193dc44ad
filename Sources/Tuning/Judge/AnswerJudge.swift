package import FlashU
package import Pipelines

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
        /// Seconds of the VAE and of reading the image, which its questions share, and of question and answer.
        package let seconds: Double
        package let firstToken: Double
        package let flops: Int
    }

    private func request(_ source: PromptPiece, _ questions: [String], _ profile: AccelerationProfile)
        -> ImageQuestion.Request
    {
        .init(
            sources: [source], questions: questions.map { .text($0) }, maxTokens: maxTokens,
            profile: profile)
    }

    /// The exact engine's answers to questions on an image or a video.
    package func references(_ source: PromptPiece, _ questions: [String], _ profile: AccelerationProfile = .off)
        async throws
        -> [AnswerReference]
    {
        let answers = Collected<AnswerReference>()
        try await ImageQuestion(model).follow(request(source, questions, profile)) { answers.add(AnswerReference($0)) }
        return answers.all
    }

    /// What a profile makes of the same questions, led along the reference's answers.
    package func losses(
        _ source: PromptPiece, _ questions: [String], _ references: [AnswerReference], _ profile: AccelerationProfile,
        on other: UnifiedModel? = nil
    ) async throws -> [Answered] {
        let answers = Collected<Answered>()
        try await ImageQuestion(other ?? model).follow(
            request(source, questions, profile), answers: references.map(\.tokens)
        ) { answer in
            let t = answer.timings
            let firstToken = (t.encoding + t.reading) / Double(questions.count) + t.question
            answers.add(
                Answered(
                    loss: references[answer.index].loss(answer.logits),
                    seconds: firstToken + t.decoding, firstToken: firstToken,
                    flops: t.imageFlops / questions.count + t.flops))
        }
        return answers.all
    }
}
