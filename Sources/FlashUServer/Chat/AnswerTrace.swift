import FlashU
import Pipelines
import ShowO2

/// How an answer came by: which parts of the pictures stayed, and what it took.
struct AnswerTrace: Encodable, Sendable {
    /// A picture's or frame's tokens, each of them an equal patch.
    struct Grid: Encodable, Sendable {
        let columns: Int
        let rows: Int

        init(_ grid: TokenGrid) { (columns, rows) = (grid.width, grid.height) }
    }

    /// What differs from the exact engine, as `FIELD=VALUE; FIELD=VALUE`; empty for the exact engine.
    let profile: String
    /// Of a picture, whose centre is read.
    let grid: Grid
    /// Of a video's frame.
    let frame_grid: Grid
    /// Of each picture and each frame, in their order, the tokens that stayed, from 0, row by row; empty when all did.
    let kept_tokens: [[Int]]
    /// Seconds of computing, waiting for others left out; null where a stop sequence ended the answer.
    let timings: ImageQuestion.Timings?

    init(
        _ profile: AccelerationProfile, _ geometry: ShowO2Geometry, kept: [[Int]], timings: ImageQuestion.Timings?
    ) {
        self.profile = profile.changes
        let read = geometry.reading(at: profile.reading.scale).grid
        grid = Grid(read)
        frame_grid = Grid(FramePooling(read, geometry).pooled)
        kept_tokens = kept
        self.timings = timings
    }
}
