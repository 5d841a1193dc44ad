import Compute
import FlashU
import Tensors

/// How much the error of each input of a weight counts when it is rounded to 4 bits, from what `flashu calibrate` measured.
///
/// The error of an output is the sum over its inputs of the rounding error times the input; its expected square weighs each input's squared error by that
/// input's mean square (AWQ, Lin et al., arXiv 2306.00978, and GPTQ, Frantar et al., arXiv 2210.17323, start from the same; the inputs' correlations are
/// left out). A calibration holds it for the inputs of `down_proj`, the neurons of the FFNs: its reconstruction error is the norm of a neuron's
/// activations times that of its column.
struct RoundingImportance {
    let calibration: Calibration

    /// - Parameter weight: a layer's `down_proj` `[hidden, neurons]`, neurons as the calibration has them.
    /// - Returns: `[neurons]` float32 with a mean of 1; nil where the calibration says nothing.
    func ofNeurons(_ weight: Tensor, layer: Int) -> Tensor? {
        let count = weight.shape[1]
        let columns = Tensor(zeros: [count])  // squared norms
        columns.addSquares(ofRows: weight)
        var importance = [Float](repeating: 0, count: count)
        for scores in calibration.scores.values {
            let squares = zip(scores.reconstruction[layer], columns.floats()).map { $1 > 0 ? $0 * $0 / $1 : 0 }
            let mean = squares.reduce(0, +) / Float(max(1, count))
            // Both tasks count alike, however many rows each was measured on.
            guard mean > 0, mean.isFinite else { continue }
            for (i, square) in squares.enumerated() { importance[i] += square / mean }
        }
        let mean = importance.reduce(0, +) / Float(max(1, count))
        guard mean > 0, mean.isFinite else { return nil }
        return Tensor(importance.map { $0 / mean }, shape: [count])
    }
}
