internal import CKernels
import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// oneDNN's rate of matrix products now, in operations a second: its product on all threads at once, each on its own matrices of a
    /// typical shape, best of some rounds; 0 where oneDNN has none, or there is no oneDNN. int8 is without the scales that an engine has to apply on top.
    public func measuredGEMMRate(_ precision: Precision, seconds: Double = 1) -> Double {
        measuredGEMMRate(precision, rows: 192 * threads, inputs: 1024, outputs: 1024, rounds: 4, seconds: seconds)
    }

    /// The same for a product of a given shape, its rows divided among the threads; 0 if oneDNN refuses.
    public func measuredGEMMRate(
        _ precision: Precision, rows: Int, inputs k: Int, outputs n: Int, rounds: Int = 1, seconds: Double = 1
    ) -> Double {
        let m = (rows + threads - 1) / threads
        guard let products = try? (0..<threads).map({ _ in try precision.product(m, n, k) }) else { return 0 }
        let refusals = Atomic<Int>(0)
        let least = leastSeconds(within: seconds) {
            pool.forEach(threads) { i in
                ck_single_threaded_openmp()
                for _ in 0..<rounds where !products[i]() { refusals.add(1, ordering: .relaxed) }
            }
        }
        return refusals.load(ordering: .relaxed) > 0 ? 0 : Double(2 * m * n * k * rounds * threads) / least
    }
}

#if !ONEDNN
    extension Precision {
        /// There is nothing to measure against.
        fileprivate func product(_ m: Int, _ n: Int, _ k: Int) throws(ComputeError) -> @Sendable () -> Bool {
            throw .oneDNN(operation: "a product", status: 0)
        }
    }
#endif
