internal import CKernels
internal import COneDNN
import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// oneDNN's plain matrix products: what the engine's are measured against.
    public enum BaselineProduct: String, Sendable, CaseIterable {
        /// `sgemm`, float32.
        case f32
        /// `gemm_s8s8s32`, without scales, which an engine would have to apply on top.
        case int8
    }

    /// The machine's float32 matrix-product rate now, in floating-point operations a second: oneDNN's `sgemm` on all threads at once, each on
    /// its own matrices of a typical shape, best of some rounds.
    ///
    /// This is the limit that the engine's products are measured against, in the same run.
    public func measuredGEMMRate(seconds: Double = 1) -> Double {
        measuredGEMMRate(.f32, rows: 192 * threads, inputs: 1024, outputs: 1024, rounds: 4, seconds: seconds)
    }

    /// The same for a product of a given shape, its rows divided among the threads; 0 if oneDNN refuses.
    public func measuredGEMMRate(
        _ product: BaselineProduct, rows: Int, inputs k: Int, outputs n: Int, rounds: Int = 1, seconds: Double = 1
    ) -> Double {
        let m = (rows + threads - 1) / threads
        let dtype: DType = product == .f32 ? .float32 : .int8
        let operands = (0..<threads).map { _ in
            (
                a: Tensor(zeros: [m, k], dtype: dtype), b: Tensor(zeros: [k, n], dtype: dtype),
                c: Tensor(zeros: [m, n], dtype: product == .f32 ? .float32 : .int32)
            )
        }
        if product == .f32 {
            for (a, b, _) in operands {
                a.fill(0.5)
                b.fill(0.25)
            }
        }
        let refusals = Atomic<Int>(0)
        let least = leastSeconds(within: seconds) {
            pool.forEach(threads) { i in
                ck_single_threaded_openmp()
                let (a, b, c) = operands[i]
                for _ in 0..<rounds where product.run(m, n, k, a, b, c) != dnnl_success {
                    refusals.add(1, ordering: .relaxed)
                }
            }
        }
        return refusals.load(ordering: .relaxed) > 0 ? 0 : Double(2 * m * n * k * rounds * threads) / least
    }
}

extension CPUCompute.BaselineProduct {
    /// c `[m, n]` = a `[m, k]` b `[k, n]`.
    fileprivate func run(_ m: Int, _ n: Int, _ k: Int, _ a: Tensor, _ b: Tensor, _ c: Tensor) -> dnnl_status_t {
        let plain = CChar(UInt8(ascii: "N"))
        switch self {
        case .f32:
            return dnnl_sgemm(
                plain, plain, Int64(m), Int64(n), Int64(k), 1, a.floatPointer, Int64(k), b.floatPointer, Int64(n), 0,
                c.floatPointer, Int64(n))
        case .int8:
            var offset: Int32 = 0
            return dnnl_gemm_s8s8s32(
                plain, plain, CChar(UInt8(ascii: "F")), Int64(m), Int64(n), Int64(k), 1,
                a.pointer.assumingMemoryBound(to: Int8.self), Int64(k), 0,
                b.pointer.assumingMemoryBound(to: Int8.self), Int64(n), 0, 0,
                c.pointer.assumingMemoryBound(to: Int32.self), Int64(n), &offset)
        }
    }
}
