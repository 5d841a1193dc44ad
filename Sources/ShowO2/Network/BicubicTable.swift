import Compute
import Foundation
package import Tensors

/// Bicubic interpolation of a table of vectors on a square grid, as PyTorch's `interpolate(mode: bicubic, align_corners: false)`:
/// a = -0.75, no antialiasing, borders repeated.
package enum BicubicTable {
    /// table `[side * side, width]` -> `[height * width of the grid, width]`.
    package static func resize(_ table: Tensor, side: Int, to grid: TokenGrid) -> Tensor {
        let width = table.shape[1]
        let input = table.floats()
        let (rows, columns) = (taps(side, grid.height), taps(side, grid.width))
        var output = [Float](repeating: 0, count: grid.tokens * width)
        for (y, row) in rows.enumerated() {
            for (x, column) in columns.enumerated() {
                let at = (y * grid.width + x) * width
                for (i, wy) in zip(row.indices, row.weights) {
                    for (j, wx) in zip(column.indices, column.weights) {
                        let from = (i * side + j) * width
                        for c in 0..<width { output[at + c] += wy * wx * input[from + c] }
                    }
                }
            }
        }
        return Tensor(output, shape: [grid.tokens, width])
    }

    private static func taps(_ from: Int, _ to: Int) -> [(indices: [Int], weights: [Float])] {
        (0..<to).map { target in
            let position = (Float(target) + 0.5) * Float(from) / Float(to) - 0.5
            let base = Int(position.rounded(.down))
            let t = position - Float(base)
            let indices = (-1...2).map { min(max(base + $0, 0), from - 1) }
            return (indices, [kernel(1 + t), kernel(t), kernel(1 - t), kernel(2 - t)])
        }
    }

    private static func kernel(_ x: Float) -> Float {
        let a: Float = -0.75
        return x <= 1
            ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((x - 5) * x + 8) * x * a - 4 * a
    }
}
