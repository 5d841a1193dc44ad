import FlashU
import Pipelines
import ShowO2

/// How an answer came by: which parts of the pictures stayed, and what it took.
struct AnswerTrace: Encodable, Sendable {
    /// What differs from the exact engine, as `FIELD=VALUE; FIELD=VALUE`; empty for the exact engine.
    let profile: String
    /// Of a picture, whose centre is read.
    let grid: ReadGrids.Grid
    /// Of a video's frame.
    let frame_grid: ReadGrids.Grid
    /// Of each picture and each frame, in their order, the tokens that stayed, from 0, row by row; empty when all did.
    let kept_tokens: [[Int]]
    /// Seconds of computing, waiting for others left out; null where a stop sequence ended the answer.
    let timings: ImageQuestion.Timings?

    init(
        _ profile: AccelerationProfile, _ geometry: ShowO2Geometry, kept: [[Int]], timings: ImageQuestion.Timings?
    ) {
        self.profile = profile.changes
        let grids = ReadGrids(profile, geometry)
        (grid, frame_grid) = (grids.picture, grids.frame)
        kept_tokens = kept
        self.timings = timings
    }
}
