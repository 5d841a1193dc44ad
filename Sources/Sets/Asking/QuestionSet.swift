/// Questions in groups that see the same files, which are read once for all of them; groups are what shards share.
public struct QuestionSet: Sendable {
    /// In the list's order.
    public let questions: [SetQuestion]
    /// Places of questions on the same files with the same frames and limit of tokens: at most 16, so that a list on one image can be shared too.
    package let groups: [[Int]]

    /// Groups a list.
    public init(_ questions: [SetQuestion]) {
        self.questions = questions
        struct Key: Hashable {
            let sources: [SetQuestion.Source]
            let frames: Int?
            let maxTokens: Int?
        }
        var open: [Key: Int] = [:]
        var groups: [[Int]] = []
        for (index, question) in questions.enumerated() {
            let key = Key(sources: question.sources, frames: question.frames, maxTokens: question.maxTokens)
            if let group = open[key], groups[group].count < 16 {
                groups[group].append(index)
            } else {
                open[key] = groups.count
                groups.append([index])
            }
        }
        self.groups = groups
    }

    /// The places of a shard's questions.
    public func indices(of shard: Shard) -> [Int] { groups(of: shard).flatMap(\.self).sorted() }

    package func groups(of shard: Shard) -> [[Int]] {
        groups.enumerated().filter { shard.takes($0.offset) }.map(\.element)
    }

    /// Sixteen hex digits for the list. The files' contents are no part of it.
    public var fingerprint: String {
        let text = questions.map { question in
            let own: [String] =
                [question.id.map { "\($0)" } ?? "-", question.question, question.maxTokens.map { "\($0)" } ?? "-"]
                + question.sources.map { source in
                    if case .video(let path) = source { "video \(question.frames ?? 0) \(path)" } else { source.path }
                }
            return own.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
        }.joined(separator: "\n")
        return StableHash.hex(text, digits: 16)
    }
}
