internal import CKernels
import Tensors

extension ck_patches {
    /// Checks a convolution of a band of rows `x` `[height, width, inputs]` into `out` `[height', width', outputs]`, and makes it.
    static func checked(
        _ x: Tensor, _ weights: PatchConvolution, edges: ImageEdges, accumulate: Bool, into out: Tensor
    ) -> ck_patches {
        let geometry = weights.geometry
        let (inputs, outputs, panel) = (weights.inputs, weights.outputs, Int(CK_PANEL))
        precondition(x.shape.count == 3 && x.shape[2] == inputs, "an image \(x.shape) for \(inputs) channels")
        precondition(
            out.shape == [geometry.output(of: x.shape[0], edges), geometry.output(of: x.shape[1]), outputs]
                && out.shape.allSatisfy { $0 >= 1 }, "output \(out.shape)")
        precondition(
            weights.panels.shape == [
                (outputs + panel - 1) / panel, geometry.kernel * geometry.kernel * inputs, panel,
            ])
        precondition(!out.overlaps(x) && !out.overlaps(weights.panels) && !out.overlaps(weights.bias))
        var operation = ck_patches()
        operation.image = UnsafePointer(x.vector(x.count, "an image"))
        (operation.height, operation.width) = (Int64(x.shape[0]), Int64(x.shape[1]))
        (operation.channels, operation.outputs) = (Int64(inputs), Int64(outputs))
        (operation.upsampling, operation.kernel) = (Int32(geometry.upsampling), Int32(geometry.kernel))
        operation.stride = Int32(geometry.stride)
        operation.rows_before = edges.top ? Int64(geometry.padBefore) : 0
        operation.columns_before = Int64(geometry.padBefore)
        operation.panels = UnsafePointer(weights.panels.vector(weights.panels.count, "a kernel"))
        operation.bias = UnsafePointer(weights.bias.vector(outputs, "bias"))
        operation.out = out.vector(out.count, "an image")
        (operation.out_height, operation.out_width) = (Int64(out.shape[0]), Int64(out.shape[1]))
        operation.accumulate = accumulate ? 1 : 0
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_patches_task, self, tasks: ck_patches_tasks([self])) }
}
