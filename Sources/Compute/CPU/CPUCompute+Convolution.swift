public import Tensors

/// A convolution of kernel 1: a linear layer over the pixels.
struct PointwiseConvolution: ConvolutionWeights {
    let layer: any LinearWeights
    let geometry: ConvolutionGeometry
    var inputs: Int { layer.inputs }
    var outputs: Int { layer.outputs }
    var byteCount: Int { layer.byteCount }
}

extension CPUCompute {
    /// See ``Compute/pack(convolution:bias:_:)``. Kernels of 1 become linear layers, 3 x 3 kernels of many channels Winograd's, and
    /// the rest products over patches.
    public func pack(convolution weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) throws(ComputeError)
        -> any ConvolutionWeights
    {
        let weight = weight.dtype == .float32 ? weight : Tensor(weight.floats(), shape: weight.shape)
        let bias = bias.map { $0.dtype == .float32 ? $0 : Tensor($0.floats(), shape: $0.shape) }
        try geometry.check(weight: weight, bias: bias)
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        if geometry == .same(kernel: 1) {
            let source = LinearSource(weight: weight.reshaped([outputs, inputs]), bias: bias)
            return PointwiseConvolution(layer: try with(precision: .f32).pack([source], .stacked), geometry: geometry)
        }
        if WinogradConvolution.suits(geometry, inputs: inputs) {
            return try WinogradConvolution(weight: weight, bias: bias, geometry, pool)
        }
        return try PatchConvolution(weight: weight, bias: bias, geometry, pool)
    }

    /// See ``Compute/convolution(_:_:edges:accumulate:_:into:)``. Work is cut by the image's size alone.
    public func convolution(
        _ x: Tensor, _ weights: any ConvolutionWeights, edges: ImageEdges, accumulate: Bool, _ workspace: Workspace,
        into out: Tensor
    ) {
        let geometry = weights.geometry
        let (height, width) = (geometry.output(of: x.shape[0], edges), geometry.output(of: x.shape[1]))
        precondition(x.shape.count == 3 && x.shape[2] == weights.inputs)
        precondition(out.shape == [height, width, weights.outputs], "output \(out.shape)")
        switch weights {
        case let weights as PointwiseConvolution:
            linear(
                x.reshaped([height * width, weights.inputs]), weights.layer, .identity,
                accumulate ? .residual : .replace, into: out.reshaped([height * width, weights.outputs]))
        case let weights as WinogradConvolution:
            meter.count(outputPixels: height * width, weights)
            weights.run(x, edges: edges, accumulate: accumulate, pool, workspace, into: out)
        case let weights as PatchConvolution:
            meter.count(outputPixels: height * width, weights)
            weights.run(x, edges: edges, accumulate: accumulate, pool, into: out)
        default:
            preconditionFailure("weights of another backend")
        }
    }
}
