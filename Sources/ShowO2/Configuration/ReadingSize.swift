/// The size at which images and the frames of videos are read.
///
/// The semantic encoder's positions are interpolated to the grid, as they are for an image that is drawn at another size.
public struct ReadingSize: Sendable, Hashable {
    /// An image's tokens.
    public let grid: TokenGrid
    /// Pixels per side of a token.
    private let side: Int

    /// - Parameters:
    ///   - own: the tokens at the model's own size.
    ///   - scale: the share of its rows and columns, rounded; a token is the least, and the model's own size the most.
    init(_ own: TokenGrid, scale: Double, side: Int) {
        let share = scale.isNaN ? 1 : min(1, max(0, scale))
        func scaled(_ count: Int) -> Int { max(1, Int((Double(count) * share).rounded())) }
        grid = TokenGrid(height: scaled(own.height), width: scaled(own.width))
        self.side = side
    }

    /// Width of an image as it is read, in pixels.
    public var width: Int { grid.width * side }
    /// Height of an image as it is read, in pixels.
    public var height: Int { grid.height * side }
}
