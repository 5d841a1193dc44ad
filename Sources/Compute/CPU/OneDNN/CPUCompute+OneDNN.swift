import Synchronization
import Tensors

extension CPUCompute {
    /// The image is cut into strips of rows.
    func direct(
        _ x: Tensor, _ weights: OneDNNConvolution, edges: ImageEdges, accumulate: Bool, _ workspace: Workspace,
        into out: Tensor
    ) throws(ComputeError) {
        let (height, width) = (out.shape[0], out.shape[1])
        let rows = max(1, min(2048 / width, (height + 3) / 4))
        let strips = try stride(from: 0, to: height, by: rows).map { first throws(ComputeError) in
            try weights.work(
                x, edges: edges, outRows: first..<min(height, first + rows), accumulate: accumulate)
        }
        // For some widths, with the weights as they lie, oneDNN has no kernel.
        guard !strips.contains(where: \.primitive.isReference) else {
            let weights = try weights.patches(on: self)
            return patches(x, weights, edges: edges, accumulate: accumulate, workspace, into: out)
        }
        let failure = Mutex<ComputeError?>(nil)
        pool.forEach(strips.count) { i in
            do throws(ComputeError) {
                try weights.run(strips[i], x, into: out)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
