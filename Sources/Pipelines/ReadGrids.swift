public import FlashU
public import ShowO2

/// What pictures and frames are read as: rows of tokens, each of which sees an equal patch. The numbers of kept tokens
/// (``ImageQuestion/Event/imageRead(keptTokens:)``) count in these, from 0, row by row.
public struct ReadGrids: Sendable {
    /// Tokens of a picture.
    public struct Grid: Encodable, Sendable {
        /// Side by side.
        public let columns: Int
        /// One above the other.
        public let rows: Int

        init(_ grid: TokenGrid) { (columns, rows) = (grid.width, grid.height) }
    }

    /// Of a picture.
    public let picture: Grid
    /// Of a video's frame.
    public let frame: Grid

    /// What a profile makes of a model's own sizes.
    public init(_ profile: AccelerationProfile, _ geometry: ShowO2Geometry) {
        let read = geometry.reading(at: profile.reading.scale).grid
        (picture, frame) = (Grid(read), Grid(FramePooling(read, geometry).pooled))
    }
}
