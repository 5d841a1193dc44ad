internal import CKernels
internal import COneDNN
import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// The machine's rate of matrix products now, in operations a second: oneDNN's product on all threads at once, each on its own matrices of a
    /// typical shape, best of some rounds; 0 where oneDNN has none. int8 is without the scales that an engine has to apply on top.
    ///
    /// This is the limit that the engine's products are measured against, in the same run.
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

extension Precision {
    /// oneDNN's product c `[m, n]` = a `[m, k]` b `[k, n]`, with operands, to be run again and again; says whether it ran.
    fileprivate func product(_ m: Int, _ n: Int, _ k: Int) throws(ComputeError) -> @Sendable () -> Bool {
        let plain = CChar(UInt8(ascii: "N"))
        switch self {
        case .f32:
            let (a, b, c) = (Tensor(zeros: [m, k]), Tensor(zeros: [k, n]), Tensor(zeros: [m, n]))
            a.fill(0.5)
            b.fill(0.25)
            return {
                dnnl_sgemm(
                    plain, plain, Int64(m), Int64(n), Int64(k), 1, a.floatPointer, Int64(k), b.floatPointer, Int64(n),
                    0, c.floatPointer, Int64(n)) == dnnl_success
            }
        case .bf16:
            let product = try OneDNNMatmul(m, n, k)
            let (a, c) = (Tensor(zeros: [m, k], dtype: .bfloat16), Tensor(zeros: [m, n], dtype: .bfloat16))
            let b = Tensor(zeros: [product.weightBytes], dtype: .uint8)
            for operand in [a, b] { memset(operand.pointer, 0x3f, operand.byteCount) }  // about 0.75 in every element
            return { (try? product.run(a, b, c)) != nil }
        case .int8, .int4:
            let (a, b) = (Tensor(zeros: [m, k], dtype: .int8), Tensor(zeros: [k, n], dtype: .int8))
            for operand in [a, b] { memset(operand.pointer, 0x3f, operand.byteCount) }
            let c = Tensor(zeros: [m, n], dtype: .int32)
            return {
                var offset: Int32 = 0
                return dnnl_gemm_s8s8s32(
                    plain, plain, CChar(UInt8(ascii: "F")), Int64(m), Int64(n), Int64(k), 1,
                    a.pointer.assumingMemoryBound(to: Int8.self), Int64(k), 0,
                    b.pointer.assumingMemoryBound(to: Int8.self), Int64(n), 0, 0,
                    c.pointer.assumingMemoryBound(to: Int32.self), Int64(n), &offset) == dnnl_success
            }
        }
    }
}
