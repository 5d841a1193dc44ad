internal import CKernels
internal import COneDNN
import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// The machine's float32 matrix-product rate now, in floating-point operations a second: oneDNN's `sgemm` on all threads at once, each on
    /// its own matrices of a typical shape, best of some rounds.
    ///
    /// This is the limit that the engine's products are measured against, in the same run.
    public func measuredGEMMRate(seconds: Double = 1) -> Double {
        let (m, n, k) = (192, 1024, 1024)
        let operands = (0..<threads).map { _ in
            (a: Tensor(zeros: [m, k]), b: Tensor(zeros: [k, n]), c: Tensor(zeros: [m, n]))
        }
        for (a, b, _) in operands {
            a.fill(0.5)
            b.fill(0.25)
        }
        let clock = ContinuousClock()
        let rounds = 4
        var best = 0.0
        let deadline = clock.now + .seconds(seconds)
        repeat {
            let start = clock.now
            pool.forEach(threads) { i in
                ck_single_threaded_openmp()
                let (a, b, c) = operands[i]
                for _ in 0..<rounds {
                    dnnl_sgemm(
                        CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "N")), Int64(m), Int64(n), Int64(k), 1,
                        a.floatPointer, Int64(k), b.floatPointer, Int64(n), 0, c.floatPointer, Int64(n))
                }
            }
            let (whole, part) = (clock.now - start).components
            let time = Double(whole) + Double(part) * 1e-18
            best = max(best, Double(2 * m * n * k * rounds * threads) / time)
        } while clock.now < deadline
        return best
    }
}
