public import Tensors

/// Comparing the rows of matrices.
extension Tensor {
    /// Divides each float32 row `[rows, width]` by its L2 norm, in place; rows of zeros stay.
    public func normalizeRows() {
        for row in 0..<rowCount {
            let values = floatPointer + row * width
            var sum: Float = 0
            for i in 0..<width { sum += values[i] * values[i] }
            guard sum > 0 else { continue }
            let factor = 1 / sum.squareRoot()
            for i in 0..<width { values[i] *= factor }
        }
    }

    /// The L2 distance of each row from the same row of `other`, float32 `[rows, width]` both.
    public func rowDistances(to other: Tensor) -> [Float] {
        precondition(shape == other.shape)
        return (0..<rowCount).map { row in
            let (a, b) = (floatPointer + row * width, other.floatPointer + row * width)
            var sum: Float = 0
            for i in 0..<width { sum += (a[i] - b[i]) * (a[i] - b[i]) }
            return sum.squareRoot()
        }
    }
}
