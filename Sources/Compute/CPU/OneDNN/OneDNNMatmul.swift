internal import COneDNN
import Tensors

/// A product of bfloat16 matrices with float32 sums, its weights in the layout that oneDNN chose: a limit to be measured against.
final class OneDNNMatmul: Sendable {
    private let primitive: OneDNNPrimitive
    private let (m, n, k): (Int, Int, Int)

    /// c `[m, n]` = a `[m, k]` b `[k, n]`.
    /// - Throws: ``ComputeError/oneDNN(operation:status:)`` on processors that oneDNN doesn't do bfloat16 on.
    init(_ m: Int, _ n: Int, _ k: Int) throws(ComputeError) {
        (self.m, self.n, self.k) = (m, n, k)
        var a = try OneDNN.descriptor([m, k], dnnl_ab, dnnl_bf16)
        var b = try OneDNN.descriptor([k, n], dnnl_format_tag_any, dnnl_bf16)
        var c = try OneDNN.descriptor([m, n], dnnl_ab, dnnl_bf16)
        var operation = dnnl_matmul_desc_t()
        try OneDNN.check(dnnl_matmul_desc_init(&operation, &a, &b, nil, &c), "a bfloat16 product")
        primitive = try OneDNNPrimitive(&operation, name: "a bfloat16 product")
    }

    /// Bytes of the weights in oneDNN's layout.
    var weightBytes: Int {
        var layout = primitive.weights
        return dnnl_memory_desc_get_size(&layout)
    }

    /// Runs on the calling thread; b in oneDNN's layout.
    func run(_ a: Tensor, _ b: Tensor, _ c: Tensor) throws(ComputeError) {
        try primitive.execute(
            [
                (Int32(DNNL_ARG_SRC_0), try OneDNN.descriptor([m, k], dnnl_ab, dnnl_bf16), a.pointer),
                (Int32(DNNL_ARG_WEIGHTS_0), primitive.weights, b.pointer),
                (Int32(DNNL_ARG_DST_0), try OneDNN.descriptor([m, n], dnnl_ab, dnnl_bf16), c.pointer),
            ], name: "a bfloat16 product")
    }
}
