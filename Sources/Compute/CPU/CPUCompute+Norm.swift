internal import CKernels
public import Tensors

extension CPUCompute {
    /// One normalisation; see ``Compute/norm(_:_:_:silu:into:)``.
    public func norm(_ x: Tensor, _ norm: Norm, _ modulation: Modulation?, silu: Bool, into out: Tensor) {
        precondition(x.width == norm.weight.count && out.width == x.width && out.rowCount == x.rowCount)
        let kind =
            switch norm.kind {
            case .rms: CK_RMS_NORM
            case .layer: CK_LAYER_NORM
            case .l2: CK_L2_NORM
            }
        (modulation?.rows?.flags).withOptionalPointer { flags in
            let operation = ck_norm(
                x: x.floatPointer, ldx: Int64(x.width), rows: Int64(x.rowCount), width: Int64(x.width),
                kind: Int32(kind), eps: norm.epsilon, weight: norm.weight.floatPointer, bias: norm.bias?.floatPointer,
                shift: modulation?.shift.floatPointer, scale: modulation?.scale.floatPointer, modulated: flags,
                silu: silu ? 1 : 0, out: out.pointer, ldo: Int64(out.width), out_type: out.dtype.kernelType)
            pool.run(ck_norm_task, operation, tasks: ck_norm_tasks([operation]))
        }
    }
}
