package import Tensors

/// A convolution as one product: the inputs that an output pixel sees make a row. For kernels and steps that nothing else here does, where there is
/// no oneDNN.
package struct PatchConvolution: ConvolutionWeights {
    /// `[kernel * kernel * inputs, outputs]`
    let layer: any LinearWeights
    package let inputs: Int
    package let outputs: Int
    package let geometry: ConvolutionGeometry

    package var byteCount: Int { layer.byteCount }

    /// Values of a row.
    var depth: Int { geometry.kernel * geometry.kernel * inputs }
}

extension CPUCompute {
    /// weight `[outputs, inputs, kernel, kernel]` and bias `[outputs]`, float32, as a product over patches.
    package func packPatches(_ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) throws(ComputeError)
        -> PatchConvolution
    {
        try geometry.check(weight: weight, bias: bias)
        let (outputs, inputs, taps) = (weight.shape[0], weight.shape[1], geometry.kernel * geometry.kernel)
        let rows = try Tensor(loading: [outputs, taps * inputs])  // [outputs, kernel, kernel, inputs]
        let (from, to) = (weight.floatPointer, rows.floatPointer)
        for row in 0..<outputs {
            for input in 0..<inputs {
                for tap in 0..<taps {
                    to[(row * taps + tap) * inputs + input] = from[(row * inputs + input) * taps + tap]
                }
            }
        }
        let layer = try with(precision: .f32).pack([LinearSource(weight: rows, bias: bias)], .stacked)
        return PatchConvolution(layer: layer, inputs: inputs, outputs: outputs, geometry: geometry)
    }

    /// Some rows of the image at a time, so that their patches stay within a few MB.
    func patches(
        _ x: Tensor, _ weights: PatchConvolution, edges: ImageEdges, accumulate: Bool, _ workspace: Workspace,
        into out: Tensor
    ) {
        let (height, width) = (out.shape[0], out.shape[1])
        let atOnce = max(1, min(height, Self.patchBytes / (4 * weights.depth * max(1, width))))
        let patches = workspace.tensor("convolution.patches", [atOnce * width, weights.depth])
        for first in stride(from: 0, to: height, by: atOnce) {
            let rows = first..<min(first + atOnce, height)
            gather(x, weights, edges: edges, rows: rows, width: width, into: patches)
            linear(
                patches.matrix(at: 0, rows.count * width, weights.depth), weights.layer, .identity,
                accumulate ? .residual : .replace,
                into: out.matrix(at: first * width * weights.outputs, rows.count * width, weights.outputs))
        }
    }

    private static var patchBytes: Int { 8 << 20 }

    /// The patches of output rows `rows`: `[rows * width, kernel, kernel, inputs]`, zero outside the image.
    private func gather(
        _ x: Tensor, _ weights: PatchConvolution, edges: ImageEdges, rows: Range<Int>, width: Int, into patches: Tensor
    ) {
        let (geometry, inputs, depth) = (weights.geometry, weights.inputs, weights.depth)
        let times = geometry.upsampling
        let (height, columns) = (x.shape[0] * times, x.shape[1] * times)
        let above = edges.top ? geometry.padBefore : 0
        pool.forEach(rows.count) { i in
            let top = (rows.lowerBound + i) * geometry.stride - above
            var to = patches.floatPointer + i * width * depth
            for column in 0..<width {
                let left = column * geometry.stride - geometry.padBefore
                for tap in 0..<geometry.kernel * geometry.kernel {
                    let (row, place) = (top + tap / geometry.kernel, left + tap % geometry.kernel)
                    if row >= 0, row < height, place >= 0, place < columns {
                        let from = x.floatPointer + (row / times * x.shape[1] + place / times) * inputs
                        to.update(from: from, count: inputs)
                    } else {
                        to.update(repeating: 0, count: inputs)
                    }
                    to += inputs
                }
            }
        }
    }
}
