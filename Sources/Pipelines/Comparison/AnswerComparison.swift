public import FlashU
import ShowO2

/// The exact engine and profiles on the same image and question.
public struct AnswerComparison: Sendable {
    /// One profile's run.
    public struct Row: Sendable {
        /// The profile's name.
        public let name: String
        /// The profile.
        public let profile: AccelerationProfile
        /// Seconds: image encoding, reading, question and answer.
        public let seconds: Double
        /// Seconds to the first token.
        public let firstToken: Double
        /// Image tokens in the deeper layers.
        public let imageTokens: Int
        /// Floating-point operations.
        public let flops: Int
        /// The answer; empty when nothing was said, token ids when the folder has no tokenizer.
        public let answer: String
        /// Whether it ended by itself.
        public let finished: Bool
    }

    private let model: UnifiedModel

    /// A comparison on a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Asks `request` (its first question) of the exact engine, then with each profile. The first row is the exact engine's.
    /// - Throws: what ``ImageQuestion/ask(_:)`` throws.
    public func run(_ request: ImageQuestion.Request, profiles: [AccelerationProfile]) async throws -> [Row] {
        var rows: [Row] = []
        let hasTokenizer = (try? model.tokenizer()) != nil
        var request = request
        request.questions = Array(request.questions.prefix(1))
        for profile in [.off] + profiles {
            request.profile = profile
            var tokens = model.geometry.reading(at: profile.reading.scale).grid.tokens
            for try await event in ImageQuestion(model).ask(request) {
                switch event {
                case .imageRead(let kept): tokens = kept.first?.count ?? tokens
                case .text, .encoded: break
                case .answer(let answer):
                    let t = answer.timings
                    rows.append(
                        Row(
                            name: profile.name, profile: profile,
                            seconds: t.encoding + t.reading + t.question + t.decoding,
                            firstToken: t.encoding + t.reading + t.question, imageTokens: tokens,
                            flops: t.imageFlops + t.flops,
                            answer: hasTokenizer
                                ? answer.text : answer.tokens.map(String.init).joined(separator: ","),
                            finished: answer.finished))
                }
            }
            try Task.checkCancellation()
        }
        return rows
    }
}
