import Synchronization
import Tensors

extension CPUCompute {
    /// The image is cut into strips of rows.
    func direct(
        _ x: Tensor, _ weights: OneDNNConvolution, edges: ImageEdges, accumulate: Bool, into out: Tensor
    ) throws(ComputeError) {
        let (height, width) = (out.shape[0], out.shape[1])
        let rows = max(1, min(2048 / width, (height + 3) / 4))
        let failure = Mutex<ComputeError?>(nil)
        pool.forEach((height + rows - 1) / rows) { i in
            do throws(ComputeError) {
                try weights.run(
                    x, edges: edges, outRows: i * rows..<min(height, (i + 1) * rows), accumulate: accumulate, into: out)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
