import FlashU
import Images
import Pipelines

extension ShapesBench {
    /// Asks the set's questions, greedily, and compares the answers with the right ones.
    ///
    /// The questions on one image are one request: it is encoded and read once, and counted once.
    ///
    /// - Parameter progress: told of each verdict.
    /// - Throws: ``BenchError``, what `ImageQuestion` throws, and `CancellationError` within a token of being cancelled.
    public func understanding(
        _ options: Options = Options(), progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> BenchReport {
        try await understanding(first(options.limit, of: set.questions()), options, progress: progress)
    }

    /// The same for given questions, all of them, on images of the set's folder.
    public func understanding(
        _ questions: [ShapesQuestion], _ options: Options = Options(),
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> BenchReport {
        var run = try Run(
            inputs: questions.map(\.input),
            settings: settings("understanding", options, set: set.fingerprint("questions.jsonl")),
            options, progress: progress)
        for (image, all) in questions.indices.groupedInOrder(by: { questions[$0].image }) {
            let open = all.filter { !run.has($0) }
            guard !open.isEmpty else { continue }
            // An image that an interrupted run has begun is in the record already.
            var counted = open.count < all.count
            let request = ImageQuestion.Request(
                image: try set.image(image), questions: open.map { questions[$0].question },
                maxTokens: options.maxTokens, profile: options.profile)
            for try await event in ImageQuestion(model).ask(request) {
                guard case .answer(let answer) = event, open.indices.contains(answer.index) else { continue }
                let index = open[answer.index]
                let (question, t) = (questions[index], answer.timings)
                try run.add(
                    BenchSample(
                        index: index, task: question.task, input: question.input,
                        output: answer.text, right: question.isAnswered(by: answer.text),
                        seconds: t.question + t.decoding, decodingSeconds: nil, flops: t.flops,
                        imageSeconds: counted ? nil : t.encoding + t.reading,
                        imageFlops: counted ? nil : t.imageFlops))
                counted = true
            }
            try Task.checkCancellation()
        }
        return run.report
    }
}

extension ShapesQuestion {
    /// What a record calls it.
    fileprivate var input: String { "\(image): \(question)" }
}
