internal import CKernels
public import Tensors

extension CPUCompute {
    /// One normalisation; see ``Compute/norm(_:_:_:silu:into:)``.
    public func norm(_ x: Tensor, _ norm: Norm, _ modulation: Modulation?, silu: Bool, into out: Tensor) {
        (modulation?.rows?.flags).withOptionalBuffer { flags in
            ck_norm.checked(x, norm, modulation, flags: flags, silu: silu, into: out).run(on: pool)
        }
    }
}
