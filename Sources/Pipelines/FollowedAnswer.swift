/// An answer with the logits from which its tokens were chosen, or would have been.
package struct FollowedAnswer: Sendable {
    /// The question's place.
    package let index: Int
    /// Token ids, the end token included if it came.
    package let tokens: [Int]
    /// For each token the logits `[vocabulary]` before it.
    package let logits: [[Float]]
    /// The text.
    package let text: String
    /// Seconds and operations.
    package let timings: ImageQuestion.Timings
}

extension ImageQuestion {
    /// Asks and keeps the logits. With `answers` these are read instead of what the model would choose (teacher forcing): the logits are then those
    /// along another engine's answers, and can be compared with its own token by token.
    ///
    /// - Parameters:
    ///   - answers: token ids, one list a question; nil = the model chooses.
    ///   - take: given each answer as it is complete, since the logits of all may not fit into memory.
    /// - Throws: what ``ask(_:)`` throws.
    package func follow(
        _ request: Request, answers: [[Int]]? = nil, take: @escaping @Sendable (FollowedAnswer) -> Void
    ) async throws {
        try await model.scheduler.run {
            var logits: [Int: [[Float]]] = [:]
            return try Answering(
                request, on: model, forced: answers, observe: { logits[$0, default: []].append($1) },
                emit: { event in
                    guard case .answer(let answer) = event else { return }
                    take(
                        FollowedAnswer(
                            index: answer.index, tokens: answer.tokens,
                            logits: logits.removeValue(forKey: answer.index) ?? [], text: answer.text,
                            timings: answer.timings))
                })
        }
        try Task.checkCancellation()
    }
}
