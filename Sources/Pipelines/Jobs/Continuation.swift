import ShowO2

/// A sequence that a job goes on with, and what it has still to read first.
///
/// Whether the job has read it is seen by the sequence's count: passes are whole or nothing.
struct Continuation {
    /// What was read so far. The job reads into it.
    let sequence: TokenSequence
    /// What comes next.
    let unread: [Piece]
}
