public import FlashU
import Foundation
public import Pipelines
public import ShowO2
import Tensors

/// Asks a set of questions: what is answered is kept, several images and videos are on their way at once, so that their next tokens are read together, and what fails is
/// remembered while the others go on.
public struct SetAsking: Sendable {
    /// How to ask.
    public struct Options: Sendable {
        /// Tokens of an answer at most, unless its line says otherwise.
        public var maxTokens = 300
        /// Images, videos, or sequences of them, that are on their way at once.
        public var together = 8
        /// Which tokens of a video see each other.
        public var videoMask = VideoPiece.Mask.official
        /// What may be done to be faster.
        public var profile = AccelerationProfile.off

        /// The defaults.
        public init() {}
    }

    /// How far a run is.
    public struct Progress: Sendable {
        /// Questions that this run has dealt with.
        public let done: Int
        /// Questions that this run had to deal with.
        public let total: Int
        /// The last one's line.
        public let answer: SetAnswer
    }

    /// What a run did.
    public struct Summary: Sendable {
        /// Questions of the shard.
        public var questions = 0
        /// Those that were answered before.
        public var kept = 0
        /// Those that were answered now.
        public var answered = 0
        /// Those that have an error instead.
        public var failed = 0
        /// Whether all questions of the list, of all shards, are in the target.
        public var isMerged = false
    }

    /// The questions.
    public let set: QuestionSet
    /// Where answers go.
    public let files: AnswerFiles
    /// What is kept beside them.
    public let run: RunFolder
    /// How.
    public let options: Options

    /// Questions, the place of their answers, and settings.
    public init(_ set: QuestionSet, _ files: AnswerFiles, in run: RunFolder, _ options: Options) {
        (self.set, self.files, self.run, self.options) = (set, files, run, options)
    }

    /// Asks a shard's questions that have no answer; those that have an error are asked again.
    ///
    /// - Parameters:
    ///   - sources: opens what a question is about. What it throws is the error of all questions on the same files; it is called again where questions can't be
    ///     asked together, since a video's frames are given only once.
    ///   - tell: told of every answer.
    /// - Throws: ``SetError`` when the disk is full or another process works on the same file, `ModelError/memory(needed:available:)`, `CancellationError`; answers stay.
    public func ask(
        _ shard: Shard, of model: UnifiedModel,
        sources: @escaping @Sendable (SetQuestion) async throws -> [PromptPiece],
        tell: @escaping @Sendable (Progress) throws -> Void
    ) async throws -> Summary {
        try files.open(shard)
        let known = files.answers
        let isOpen = { (index: Int) in known[index].map { $0.error != nil } ?? true }
        let all = set.groups(of: shard)
        let groups = all.map { $0.filter(isOpen) }.filter { !$0.isEmpty }
        let total = groups.reduce(0) { $0 + $1.count }
        var summary = Summary()
        summary.questions = all.reduce(0) { $0 + $1.count }
        summary.kept = summary.questions - total
        let teller = Teller(files, total: total, tell)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (index, group) in groups.enumerated() {
                if index >= options.together { try await tasks.next() }
                tasks.addTask { try await ask(group, of: model, sources, teller) }
            }
            try await tasks.waitForAll()
        }
        (summary.answered, summary.failed) = await teller.counts
        summary.isMerged = try files.merge(set, run)
        return summary
    }

    /// Asks questions on the same files; where they can't be asked together, one by one.
    private func ask(
        _ group: [Int], of model: UnifiedModel, _ sources: @Sendable (SetQuestion) async throws -> [PromptPiece],
        _ teller: Teller
    ) async throws {
        var open = group
        do {
            let first = set.questions[group[0]]
            var request = ImageQuestion.Request(
                sources: try await sources(first), questions: group.map { .text(set.questions[$0].question) },
                maxTokens: first.maxTokens ?? options.maxTokens, profile: options.profile)
            request.videoMask = options.videoMask
            for try await event in ImageQuestion(model).ask(request) {
                guard case .answer(let answer) = event else { continue }
                let index = group[answer.index]
                open.removeAll { $0 == index }
                try await teller.add(
                    line(index, answer: answer.text, tokens: answer.tokens.count, finished: answer.finished))
            }
            try Task.checkCancellation()
        } catch let error where RunEnd.isCaused(by: error) {
            throw error
        } catch is ModelError where group.count > 1 {
            // One of the questions may be too long; the others are not at fault.
            for index in open { try await ask([index], of: model, sources, teller) }
        } catch {
            for index in open { try await teller.add(line(index, error: "\(error)".printable(atMost: 500))) }
        }
    }

    private func line(
        _ index: Int, answer: String? = nil, tokens: Int? = nil, finished: Bool? = nil, error: String? = nil
    ) -> SetAnswer {
        let question = set.questions[index]
        return SetAnswer(
            index: index, id: question.id, question: question.question, answer: answer, tokens: tokens,
            finished: finished, error: error)
    }

    /// Writes answers as they come, and tells of them.
    private actor Teller {
        private let files: AnswerFiles
        private let total: Int
        private let tell: @Sendable (Progress) throws -> Void
        private(set) var counts = (answered: 0, failed: 0)

        init(_ files: AnswerFiles, total: Int, _ tell: @escaping @Sendable (Progress) throws -> Void) {
            (self.files, self.total, self.tell) = (files, total, tell)
        }

        func add(_ answer: SetAnswer) throws {
            try files.append(answer)
            if answer.error == nil { counts.answered += 1 } else { counts.failed += 1 }
            try tell(Progress(done: counts.answered + counts.failed, total: total, answer: answer))
        }
    }
}
