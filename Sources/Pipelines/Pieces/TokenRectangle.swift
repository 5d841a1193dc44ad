import ShowO2

/// Some rows and columns of a grid of tokens.
package struct TokenRectangle: Equatable {
    package let rows: Range<Int>
    package let columns: Range<Int>

    package init(rows: Range<Int>, columns: Range<Int>) { (self.rows, self.columns) = (rows, columns) }

    /// The least that has all of some places, one or more, of a grid of `width` columns.
    init(covering places: [Int], width: Int) {
        let (rows, columns) = (places.map { $0 / width }, places.map { $0 % width })
        self.rows = (rows.min() ?? 0)..<(rows.max() ?? 0) + 1
        self.columns = (columns.min() ?? 0)..<(columns.max() ?? 0) + 1
    }

    /// Its tokens.
    package var tokens: Int { rows.count * columns.count }

    /// The least that has both.
    func union(_ other: TokenRectangle) -> TokenRectangle {
        func both(_ a: Range<Int>, _ b: Range<Int>) -> Range<Int> {
            min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
        }
        return TokenRectangle(rows: both(rows, other.rows), columns: both(columns, other.columns))
    }

    /// With as many tokens more at each side as there are, at most `margin`.
    func widened(by margin: Int, in grid: TokenGrid) -> TokenRectangle {
        TokenRectangle(
            rows: rows.widened(by: margin, limit: grid.height), columns: columns.widened(by: margin, limit: grid.width))
    }

    /// In units of which a token has `side` in both directions: pixels, or pixels of latents.
    func scaled(by side: Int) -> TokenRectangle {
        TokenRectangle(
            rows: rows.lowerBound * side..<rows.upperBound * side,
            columns: columns.lowerBound * side..<columns.upperBound * side)
    }

    /// The same place, counted from the corner of `outer`.
    func inside(_ outer: TokenRectangle) -> TokenRectangle {
        let (row, column) = (outer.rows.lowerBound, outer.columns.lowerBound)
        return TokenRectangle(
            rows: rows.lowerBound - row..<rows.upperBound - row,
            columns: columns.lowerBound - column..<columns.upperBound - column)
    }
}
