public import Tensors

extension Tensor {
    /// The sum of the elements' magnitudes, or of those of the difference to another float32 tensor of equal shape. Added up in float64, in the
    /// elements' order: the same on every machine and with any number of threads.
    public func sumOfMagnitudes(minus other: Tensor? = nil) -> Double {
        sum(minus: other) { abs($0) }
    }

    /// The sum of the elements' squares, or of those of the difference to another float32 tensor of equal shape.
    public func sumOfSquares(minus other: Tensor? = nil) -> Double {
        sum(minus: other) { $0 * $0 }
    }

    /// The elements' standard deviation about their mean; 0 where there are none.
    public var standardDeviation: Double {
        guard count > 0 else { return 0 }
        let mean = sum(minus: nil) { $0 } / Double(count)
        return (sum(minus: nil) { ($0 - mean) * ($0 - mean) } / Double(count)).squareRoot()
    }

    private func sum(minus other: Tensor?, _ term: (Double) -> Double) -> Double {
        let a = floatPointer
        var total = 0.0
        guard let other else {
            for i in 0..<count { total += term(Double(a[i])) }
            return total
        }
        precondition(shape == other.shape)
        let b = other.floatPointer
        for i in 0..<count { total += term(Double(a[i]) - Double(b[i])) }
        return total
    }
}
