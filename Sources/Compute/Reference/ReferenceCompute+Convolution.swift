public import Tensors

extension ReferenceCompute {
    struct Kernel: ConvolutionWeights {
        let inputs: Int
        let outputs: Int
        let geometry: ConvolutionGeometry
        /// `[outputs][inputs][kernel][kernel]`
        let weight: [Float]
        let bias: [Float]
        var byteCount: Int { 4 * (weight.count + bias.count) }
    }

    /// See ``Compute/pack(convolution:bias:_:)``.
    public func pack(convolution weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) throws(ComputeError)
        -> any ConvolutionWeights
    {
        Kernel(
            inputs: weight.shape[1], outputs: weight.shape[0], geometry: geometry, weight: weight.floats(),
            bias: bias?.floats() ?? [Float](repeating: 0, count: weight.shape[0]))
    }

    /// See ``Compute/convolution(_:_:accumulate:into:)``.
    public func convolution(_ x: Tensor, _ weights: any ConvolutionWeights, accumulate: Bool, into out: Tensor)
        throws(ComputeError)
    {
        guard let w = weights as? Kernel else { preconditionFailure("weights of another backend") }
        let g = w.geometry
        let (height, width) = (x.shape[0], x.shape[1])
        meter.count(outputPixels: out.shape[0] * out.shape[1], w, kernel: g.kernel)
        let input = x.floats()
        for y in 0..<out.shape[0] {
            for x in 0..<out.shape[1] {
                for o in 0..<w.outputs {
                    var sum = Double(w.bias[o])
                    for i in 0..<g.kernel {
                        for j in 0..<g.kernel {
                            let (row, column) = (y * g.stride + i - g.padBefore, x * g.stride + j - g.padBefore)
                            guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                            for c in 0..<w.inputs {
                                sum +=
                                    Double(input[(row * width + column) * w.inputs + c])
                                    * Double(w.weight[((o * w.inputs + c) * g.kernel + i) * g.kernel + j])
                            }
                        }
                    }
                    let at = (y * out.shape[1] + x) * w.outputs + o
                    out.floatPointer[at] = Float(sum) + (accumulate ? out.floatPointer[at] : 0)
                }
            }
        }
    }
}
