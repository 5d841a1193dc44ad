import Compute
import Foundation
package import Tensors

/// Reads the VAE's weights: 2-D views of 3-D convolutions, channel norms.
extension WeightLoader {
    /// What a stage's tensors say of a number of channels: the value that most of them have (the first of equals), at least 1.
    ///
    /// - Parameter places: names, and the axis of each.
    func channels(_ places: [(name: String, axis: Int)], otherwise: Int) -> Int {
        let extents = places.compactMap { place -> Int? in
            guard let shape = source.info(place.name)?.shape, place.axis < shape.count, shape[place.axis] > 0 else {
                return nil
            }
            return shape[place.axis]
        }
        return extents.mostFrequent ?? otherwise
    }

    /// The last temporal slice of a causal convolution `[outputs, inputs, t, k, k]`, or a 2-D convolution `[outputs, inputs, k, k]`.
    ///
    /// - Parameter isFlat: whether it is stored as a 2-D one in the official file.
    func convolution(
        _ name: String, _ outputs: Int, _ inputs: Int, kernel: Int, isFlat: Bool = false,
        _ geometry: (Int) -> ConvolutionGeometry = { .same(kernel: $0) }
    ) throws -> any ConvolutionWeights {
        let flat = [outputs, inputs, kernel, kernel]
        let deep = [outputs, inputs, kernel, kernel, kernel]
        // The temporal extent is of no account, if there is one.
        let times = source.info(name + ".weight").flatMap { $0.shape.count == 5 && $0.shape[2] > 0 ? $0.shape[2] : nil }
        let found = [outputs, inputs, times ?? kernel, kernel, kernel]
        let weight = try tensor(name + ".weight", isFlat ? flat : deep, or: [flat, found])
        let bias = try vector(name + ".bias", outputs)
        guard findings == nil else {
            return UnpackedConvolution(inputs: inputs, outputs: outputs, geometry: geometry(kernel))
        }
        let slice = weight.shape.count == 5 ? weight.lastTemporalSlice() : weight.toFloat32()
        return try compute.pack(convolution: slice, bias: bias, geometry(kernel))
    }

    /// A 1x1 convolution as a linear layer.
    func pointwise(_ name: String, _ outputs: Int, _ inputs: Int) throws -> any LinearWeights {
        let weight = try tensor(
            name + ".weight", [outputs, inputs, 1, 1], or: [[outputs, inputs], [outputs, inputs, 1, 1, 1]])
        let source = LinearSource(
            weight: weight.reshaped([outputs, inputs]), bias: try vector(name + ".bias", outputs))
        guard findings == nil else { return UnpackedLayer([source]) }
        return try compute.pack([source], .stacked)
    }

    /// `x / ||x|| * sqrt(channels) * gamma` over the channels.
    ///
    /// - Parameter axes: extents of 1 behind the channels in the official file.
    func channelNorm(_ name: String, _ channels: Int, axes: Int = 3) throws -> Norm {
        let shapes = [axes, 3, 2, 0].map { [channels] + [Int](repeating: 1, count: $0) }
        let gamma = try tensor(name + ".gamma", shapes[0], or: shapes).floats()
        let root = Float(gamma.count).squareRoot()
        return Norm(.l2, weight: Tensor(gamma.map { $0 * root }, shape: [gamma.count]), epsilon: 1e-12)
    }
}

/// What an inspection makes of a convolution: its sizes.
struct UnpackedConvolution: ConvolutionWeights {
    let inputs: Int
    let outputs: Int
    let geometry: ConvolutionGeometry
    var byteCount: Int { 0 }
}

extension Tensor {
    /// `[o, i, t, k, k]`, t at least 1 -> its slice at the last t, `[o, i, k, k]` float32.
    package func lastTemporalSlice() -> Tensor {
        precondition(shape.count == 5 && shape[2] > 0)
        let (outer, times, inner) = (shape[0] * shape[1], shape[2], shape[3] * shape[4])
        let values = floats()
        var slice: [Float] = []
        slice.reserveCapacity(outer * inner)
        for o in 0..<outer {
            let start = (o * times + times - 1) * inner
            slice += values[start..<start + inner]
        }
        return Tensor(slice, shape: [shape[0], shape[1], shape[3], shape[4]])
    }
}
