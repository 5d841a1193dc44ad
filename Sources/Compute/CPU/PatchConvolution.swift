internal import CKernels
import Tensors

/// A convolution as products over patches: the inputs that an output pixel sees are a row. For kernels and steps that Winograd's method does not
/// do, and for few channels.
struct PatchConvolution: ConvolutionWeights {
    let inputs: Int
    let outputs: Int
    let geometry: ConvolutionGeometry
    /// `[panels, kernel * kernel * inputs, 16]`
    let panels: Tensor
    /// `[outputs]`
    let bias: Tensor

    var byteCount: Int { panels.byteCount + bias.byteCount }

    /// weight `[outputs, inputs, kernel, kernel]`, bias `[outputs]`, float32.
    init(weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, _ pool: ThreadPool) throws(ComputeError) {
        let (outputs, inputs, kernel) = (weight.shape[0], weight.shape[1], geometry.kernel)
        let depth = kernel * kernel * inputs
        let rows = try Tensor(loading: [outputs, depth])  // [outputs, kernel, kernel, inputs]
        pool.forEach(outputs) { output in
            let (from, to) = (weight.floatPointer + output * depth, rows.floatPointer + output * depth)
            for input in 0..<inputs {
                for tap in 0..<kernel * kernel { to[tap * inputs + input] = from[input * kernel * kernel + tap] }
            }
        }
        let panel = Int(CK_PANEL)
        panels = try Tensor(loading: [(outputs + panel - 1) / panel, depth, panel])
        ck_pack.run(LinearSource(weight: rows), as: .float32, into: panels, scales: nil, first: 0, step: 1, on: pool)
        self.bias = bias ?? Tensor(zeros: [outputs])
        (self.inputs, self.outputs, self.geometry) = (inputs, outputs, geometry)
    }

    /// `x` `[height, width, inputs]` into `out` `[height', width', outputs]`.
    func run(_ x: Tensor, edges: ImageEdges, accumulate: Bool, _ pool: ThreadPool, into out: Tensor) {
        ck_patches.checked(x, self, edges: edges, accumulate: accumulate, into: out).run(on: pool)
    }
}
