import Compute
import Foundation
package import Tensors

/// Reads the VAE's weights: 2-D views of 3-D convolutions, channel norms.
extension WeightLoader {
    /// The last temporal slice of a causal convolution `[outputs, inputs, t, k, k]`, or a 2-D convolution `[outputs, inputs, k, k]`.
    func convolution(_ name: String, _ geometry: (Int) -> ConvolutionGeometry = { .same(kernel: $0) })
        throws
        -> any ConvolutionWeights
    {
        let weight = try source.tensor(name + ".weight").toFloat32()
        let (outputs, kernel) = (weight.shape.first ?? 0, weight.shape.last ?? 0)
        guard (4...5).contains(weight.shape.count), weight.shape[weight.shape.count - 2] == kernel, kernel % 2 == 1
        else {
            throw ModelError.contradiction("\(name).weight has shape \(weight.shape), which is no convolution's")
        }
        let bias = try vector(name + ".bias", outputs)
        let slice = weight.shape.count == 5 ? weight.lastTemporalSlice() : weight
        return try compute.pack(convolution: slice, bias: bias, geometry(kernel))
    }

    /// A 1x1 convolution as a linear layer.
    func pointwise(_ name: String, _ outputs: Int, _ inputs: Int) throws -> any LinearWeights {
        let weight = try source.tensor(name + ".weight")
        guard weight.count == outputs * inputs else {
            throw ModelError.contradiction(
                "\(name).weight has shape \(weight.shape), not that of a \(inputs) -> \(outputs) layer")
        }
        return try compute.pack(
            [LinearSource(weight: weight.reshaped([outputs, inputs]), bias: try vector(name + ".bias", outputs))],
            .stacked)
    }

    /// `x / ||x|| * sqrt(channels) * gamma` over the channels.
    func channelNorm(_ name: String) throws -> Norm {
        let gamma = try source.tensor(name + ".gamma").floats()
        let root = Float(gamma.count).squareRoot()
        return Norm(.l2, weight: Tensor(gamma.map { $0 * root }, shape: [gamma.count]), epsilon: 1e-12)
    }
}

extension Tensor {
    /// `[o, i, t, k, k]` -> its slice at the last t, `[o, i, k, k]`.
    package func lastTemporalSlice() -> Tensor {
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
