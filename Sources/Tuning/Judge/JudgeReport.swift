public import Pipelines

/// What the model thinks of its own drawings and answers under a profile, beside those of another.
public struct JudgeReport: Sendable, Codable {
    /// Images of the same prompts.
    public struct Drawings: Sendable, Codable {
        /// One pair of images.
        public struct Sample: Sendable, Codable {
            /// What they show, or the images' name.
            public var prompt: String
            /// How they differ.
            public var loss: DrawingLoss
        }
        /// See ``DrawingLoss/latentError``.
        public var latentError: Interval
        /// See ``DrawingLoss/semanticDistance``.
        public var semanticDistance: Interval
        /// See ``DrawingLoss/patchDistance``.
        public var patchDistance: Interval
        /// The reference's alignment; nil where no prompt is known.
        public var referenceAlignment: Interval?
        /// The others' alignment.
        public var alignment: Interval?
        /// Their paired difference.
        public var alignmentLoss: Interval?
        /// See ``DrawingLoss/inconsistencyGained``; nil where no prompt is known.
        public var inconsistencyGained: Interval?
        /// Mean seconds of an image, VAE not included: the reference's and the others'; nil for images from folders.
        public var seconds: [Double]?
        /// All pairs.
        public var samples: [Sample]

        /// From pairs.
        public init(_ samples: [Sample], seconds: [Double]? = nil) {
            func interval(_ value: (DrawingLoss) -> Double) -> Interval { Interval(of: samples.map { value($0.loss) }) }
            latentError = interval(\.latentError)
            semanticDistance = interval(\.semanticDistance)
            patchDistance = interval(\.patchDistance)
            let told = samples.filter { $0.loss.alignmentLoss != nil }
            if !told.isEmpty {
                referenceAlignment = Interval(of: told.compactMap(\.loss.exactAlignment))
                alignment = Interval(of: told.compactMap(\.loss.alignment))
                alignmentLoss = Interval(of: told.compactMap(\.loss.alignmentLoss))
            }
            let consistent = samples.compactMap(\.loss.inconsistencyGained)
            if !consistent.isEmpty { inconsistencyGained = Interval(of: consistent) }
            self.seconds = seconds
            self.samples = samples
        }
    }

    /// Answers to the same questions.
    public struct Answers: Sendable, Codable {
        /// One pair of answers.
        public struct Sample: Sendable, Codable {
            /// The image's name.
            public var image: String
            /// The question.
            public var question: String
            /// The reference's answer.
            public var answer: String
            /// How the other's expectations differ along it.
            public var loss: AnswerLoss
        }
        /// See ``AnswerLoss/divergence``.
        public var divergence: Interval
        /// See ``AnswerLoss/variation``.
        public var variation: Interval
        /// See ``AnswerLoss/changedTokens``.
        public var changedTokens: Interval
        /// Share of the answers that stay the same.
        public var same: Interval
        /// See ``AnswerLoss/regret``.
        public var regret: Interval
        /// Mean seconds of a question, VAE not included: the reference's and the others'.
        public var seconds: [Double]
        /// All pairs.
        public var samples: [Sample]

        /// From pairs.
        public init(_ samples: [Sample], seconds: [Double]) {
            func interval(_ value: (AnswerLoss) -> Double) -> Interval { Interval(of: samples.map { value($0.loss) }) }
            divergence = interval(\.divergence)
            variation = interval(\.variation)
            changedTokens = interval(\.changedTokens)
            same = interval { $0.isChanged ? 0 : 1 }
            regret = interval(\.regret)
            self.seconds = seconds
            self.samples = samples
        }
    }

    /// What is compared with.
    public var reference: String
    /// What is judged.
    public var judged: String
    /// The drawings, where there are some.
    public var drawings: Drawings?
    /// The answers, where there are some.
    public var answers: Answers?

    /// A report.
    public init(reference: String, judged: String, drawings: Drawings? = nil, answers: Answers? = nil) {
        (self.reference, self.judged, self.drawings, self.answers) = (reference, judged, drawings, answers)
    }
}
