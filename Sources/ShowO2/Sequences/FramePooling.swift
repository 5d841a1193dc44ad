import Compute
package import Tensors

/// How the tokens of a video's frame become fewer: bilinear interpolation to half of the rows and columns, rounded up (27 x 27 -> 14 x 14).
///
/// A frame that is smaller than the model's own size keeps up to as many rows and columns as one of that size has then (20 x 20 -> 14 x 14, 14 x 14 and
/// less stay as they are).
///
/// Official file: `inference_mmu_vid.py`, `F.interpolate(..., mode="bilinear")`, whose corners are not aligned: cell i of n looks at
/// `(i + 1/2) m / n - 1/2` of m.
package struct FramePooling: Sendable {
    /// The frame's tokens.
    package let source: TokenGrid
    /// The cells that they become.
    package let pooled: TokenGrid
    private let rows: [Tap]
    private let columns: [Tap]

    /// Two neighbours that a cell lies between.
    private struct Tap {
        let first: Int
        let second: Int
        /// Of the second one.
        let weight: Float
    }

    /// The pooling of a frame of `grid`, for a model of that geometry.
    package init(_ grid: TokenGrid, _ geometry: ShowO2Geometry) {
        /// Half of the larger one, rounded up.
        func cells(_ count: Int, _ own: Int) -> Int { min(count, (max(count, own) + 1) / 2) }
        func taps(_ count: Int, _ cells: Int) -> [Tap] {
            let scale = Float(count) / Float(cells)
            return (0..<cells).map { cell in
                let place = max(0, scale * (Float(cell) + 0.5) - 0.5)
                let first = min(Int(place), count - 1)
                return Tap(first: first, second: min(first + 1, count - 1), weight: place - Float(first))
            }
        }
        source = grid
        let own = geometry.readingGrid
        pooled = TokenGrid(height: cells(grid.height, own.height), width: cells(grid.width, own.width))
        rows = taps(grid.height, pooled.height)
        columns = taps(grid.width, pooled.width)
    }

    /// The tokens that a cell looks at and what each weighs, those of no weight left out.
    private func taps(of cell: Int) -> [(token: Int, weight: Float)] {
        let (row, column) = (rows[cell / pooled.width], columns[cell % pooled.width])
        return [
            (row.first * source.width + column.first, (1 - row.weight) * (1 - column.weight)),
            (row.first * source.width + column.second, (1 - row.weight) * column.weight),
            (row.second * source.width + column.first, row.weight * (1 - column.weight)),
            (row.second * source.width + column.second, row.weight * column.weight),
        ].filter { $0.1 != 0 }
    }

    /// The tokens that any of some cells look at, rising.
    package func sources(of cells: [Int]) -> [Int] { Set(cells.flatMap { taps(of: $0).map(\.token) }).sorted() }

    /// Writes some cells `[cells, width]`, from the rows of all tokens, or of those in `present`, rising; float32 both.
    package func pool(_ tokens: Tensor, present: [Int]? = nil, cells: [Int]? = nil, into out: Tensor) {
        let rowOf = present.map { Dictionary(uniqueKeysWithValues: zip($0, $0.indices)) }
        for (number, cell) in (cells ?? Array(0..<pooled.tokens)).enumerated() {
            let sum = out.rows(number..<number + 1)  // [1, width]
            for (i, tap) in taps(of: cell).enumerated() {
                guard let row = rowOf.map({ $0[tap.token] }) ?? tap.token else { continue }
                if i == 0 { sum.fill(0) }
                sum.add(tokens.rows(row..<row + 1), times: tap.weight)
            }
        }
    }

    /// The values of some cells, from one value a token, of all or of those in `present`, rising.
    package func pool(_ values: [Float], present: [Int]? = nil, cells: [Int]? = nil) -> [Float] {
        let rowOf = present.map { Dictionary(uniqueKeysWithValues: zip($0, $0.indices)) }
        return (cells ?? Array(0..<pooled.tokens)).map { cell in
            taps(of: cell).reduce(0) { sum, tap in
                guard let row = rowOf.map({ $0[tap.token] }) ?? tap.token else { return sum }
                return sum + values[row] * tap.weight
            }
        }
    }
}
