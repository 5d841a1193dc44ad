internal import COneDNN
import Foundation
import Tensors

extension Precision {
    /// oneDNN's product c `[m, n]` = a `[m, k]` b `[k, n]`, with operands, to be run again and again; says whether it ran.
    func product(_ m: Int, _ n: Int, _ k: Int) throws(ComputeError) -> @Sendable () -> Bool {
        OneDNN.prepare()
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
