import ShowO2

/// One of the two sequences of a conversation: what it has read, and what it has not read yet. It is only appended to.
struct ConversationReader {
    /// What a sequence is for.
    enum Purpose {
        /// Text is written at its end.
        case writing
        /// Images are drawn at its end.
        case drawing
    }

    let purpose: Purpose
    let style: Conversation.Style
    private(set) var sequence: TokenSequence
    private(set) var unread: [Piece] = []

    /// Has read nothing.
    /// - Throws: `ModelError/request(_:)` when a drawing one is wanted of a model that was loaded without generation.
    init(_ purpose: Purpose, _ style: Conversation.Style, _ model: ShowO2Model, _ special: SpecialTokens)
        throws(ModelError)
    {
        (self.purpose, self.style) = (purpose, style)
        sequence = try TokenSequence(model: model, special: special, drawing: purpose == .drawing)
    }

    /// Another that has read the same. It goes on by itself, so that a turn that fails leaves this one as it is.
    func forked() -> ConversationReader {
        var other = self
        other.sequence = sequence.fork()
        return other
    }

    /// A place to come back to.
    struct Checkpoint {
        fileprivate let mark: TokenSequence.Mark
        fileprivate let unread: [Piece]
    }

    /// Here.
    var checkpoint: Checkpoint { Checkpoint(mark: sequence.mark, unread: unread) }

    /// Goes back to a place.
    mutating func rewind(to place: Checkpoint) {
        sequence.rewind(to: place.mark)
        unread = place.unread
    }

    /// Tokens of what is read and what is not.
    func length(_ geometry: ShowO2Geometry) throws(ModelError) -> Int {
        sequence.count + (try PieceLayout(unread, geometry).length)
    }

    /// Appends what will be read next.
    mutating func append(_ parts: [Conversation.Part]) { unread += parts.map(piece) }

    /// What a job goes on with.
    var continuation: Continuation { Continuation(sequence: sequence, unread: unread) }

    /// Notes what a job has read, once it is over, whichever way it ended: all that was unread if the sequence is longer than it was.
    ///
    /// - Parameters:
    ///   - count: tokens that the sequence had read before the job.
    ///   - written: tokens that were chosen after that; all but the last have been read, too.
    mutating func settle(from count: Int, written: [Int] = []) {
        if sequence.count > count { unread = [] }
        if let last = written.last { unread.append(.text([last])) }
    }

    /// A part as this sequence reads it.
    ///
    /// What the user shows was seen by models as in understanding. Images of the model's own stand in the official script's layout: their span is that of
    /// generation, at a time of 0 while text is written.
    private func piece(_ part: Conversation.Part) -> Piece {
        switch (part.content, purpose) {
        case (.tokens(let ids), _): .text(ids)
        case (.image(let latents, let padding), .drawing):
            .image(ImagePiece(latents: latents, mask: .generation, padding: padding))
        case (.image(let latents, let padding), .writing) where part.author == .user:
            .image(ImagePiece(latents: latents, mask: .understanding, padding: padding))
        case (.image(let latents, let padding), .writing):
            .image(
                ImagePiece(
                    latents: latents, time: style.imageTime == .official ? 0 : 1, mask: .generation, padding: padding))
        case (.video(let latents, let padding, let changes), .drawing):
            .video(VideoPiece(latents: latents, mask: .full, padding: padding, changes: changes))
        case (.video(let latents, let padding, let changes), .writing):
            .video(VideoPiece(latents: latents, mask: style.videoMask, padding: padding, changes: changes))
        }
    }
}
