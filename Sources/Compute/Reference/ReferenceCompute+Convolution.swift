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
        try geometry.check(weight: weight, bias: bias)
        return Kernel(
            inputs: weight.shape[1], outputs: weight.shape[0], geometry: geometry, weight: weight.floats(),
            bias: bias?.floats() ?? [Float](repeating: 0, count: weight.shape[0]))
    }

    /// See ``Compute/convolution(_:_:edges:accumulate:_:into:)``.
    public func convolution(
        _ x: Tensor, _ weights: any ConvolutionWeights, edges: ImageEdges, accumulate: Bool, _ workspace: Workspace,
        into out: Tensor
    ) {
        guard let w = weights as? Kernel else { preconditionFailure("weights of another backend") }
        let g = w.geometry
        let (height, width) = (x.shape[0] * g.upsampling, x.shape[1] * g.upsampling)
        let above = edges.top ? g.padBefore : 0
        precondition(
            out.shape == [g.output(of: x.shape[0], edges), g.output(of: x.shape[1]), w.outputs], "output \(out.shape)")
        meter.count(outputPixels: out.shape[0] * out.shape[1], w)
        let input = x.floats()
        for y in 0..<out.shape[0] {
            for column in 0..<out.shape[1] {
                for o in 0..<w.outputs {
                    var sum = Double(w.bias[o])
                    for i in 0..<g.kernel {
                        for j in 0..<g.kernel {
                            let (r, s) = (y * g.stride + i - above, column * g.stride + j - g.padBefore)
                            guard (0..<height).contains(r), (0..<width).contains(s) else { continue }
                            let pixel = r / g.upsampling * x.shape[1] + s / g.upsampling
                            for c in 0..<w.inputs {
                                sum +=
                                    Double(input[pixel * w.inputs + c])
                                    * Double(w.weight[((o * w.inputs + c) * g.kernel + i) * g.kernel + j])
                            }
                        }
                    }
                    let at = (y * out.shape[1] + column) * w.outputs + o
                    out.floatPointer[at] = Float(sum) + (accumulate ? out.floatPointer[at] : 0)
                }
            }
        }
    }
}
