internal import CKernels
import Tensors

extension ck_norm {
    /// Checks the normalisation of the rows of `x` `[rows, width]`, and makes it.
    ///
    /// - Parameter flags: of `modulation.rows`, `[rows]`.
    static func checked(
        _ x: Tensor, _ norm: Norm, _ modulation: Modulation?, flags: UnsafeBufferPointer<UInt8>?, silu: Bool,
        into out: Tensor
    ) -> ck_norm {
        let (rows, width) = (x.rowCount, x.width)
        precondition(out.rowCount == rows && out.width == width, "\(out.shape) for rows \(x.shape)")
        precondition(flags.map { $0.count == rows } ?? true, "a mask of other rows")
        let inPlace = out.pointer == x.pointer && out.dtype == .float32
        precondition(inPlace || !out.overlaps(x), "rows that overlap")
        var operation = ck_norm()
        operation.x = UnsafePointer(x.vector(rows * width, "rows"))
        (operation.ldx, operation.rows, operation.width) = (Int64(width), Int64(rows), Int64(width))
        operation.kind =
            switch norm.kind {
            case .rms: Int32(CK_RMS_NORM)
            case .layer: Int32(CK_LAYER_NORM)
            case .l2: Int32(CK_L2_NORM)
            }
        operation.eps = norm.epsilon
        operation.weight = UnsafePointer(norm.weight.vector(width, "a norm's weight"))
        operation.bias = norm.bias.map { UnsafePointer($0.vector(width, "a norm's bias")) }
        operation.shift = modulation.map { UnsafePointer($0.shift.vector(width, "a shift")) }
        operation.scale = modulation.map { UnsafePointer($0.scale.vector(width, "a scale")) }
        operation.modulated = flags?.baseAddress
        operation.silu = silu ? 1 : 0
        operation.out = out.operand([.float32, .bfloat16], "normalised rows")
        (operation.ldo, operation.out_type) = (Int64(width), out.dtype.kernelType)
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_norm_task, self, tasks: ck_norm_tasks([self])) }
}
