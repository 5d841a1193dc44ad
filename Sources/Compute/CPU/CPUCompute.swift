internal import CKernels
public import Tensors

/// The engine for CPUs: matrix products, norms, attention and convolutions in `CKernels`.
///
/// Weights of matrix products are packed once, in panels that serve every use: many rows (prefill, denoising), one row (decoding) and
/// slices (pruned FFNs). oneDNN's own packed formats are opaque and serve only the first.
public final class CPUCompute: Compute {
    /// See ``Precision``.
    public let precision: Precision
    let pool: ThreadPool
    /// Operations done.
    public let meter: OperationMeter

    /// An engine on `threads` threads (default: all cores).
    /// - Throws: ``ComputeError/threads(_:)``.
    public init(precision: Precision = .f32, threads: Int? = nil) throws(ComputeError) {
        self.precision = precision
        OutOfMemory.isTheKernelsLastResort
        meter = OperationMeter()
        pool = try ThreadPool(threads: threads ?? Machine.cores)
    }

    private init(precision: Precision, pool: ThreadPool, meter: OperationMeter) {
        self.meter = meter
        self.precision = precision
        self.pool = pool
    }

    /// See ``Compute/with(precision:)``.
    public func with(precision: Precision) -> any Compute { CPUCompute(precision: precision, pool: pool, meter: meter) }

    /// Threads in use.
    public var threads: Int { pool.threads }

    /// The instruction set of the kernels: `portable`, `avx2`, `avxvnni` (with the dot products of bytes), `avx512`, `avx512vnni` (with
    /// them) or `avx512dot` (with those of bfloat16 too), or `wide` or `narrow` in tests; on ARM64 `neon`, `neondot` (with the dot products of
    /// bytes), `neoni8mm` (with products of matrices of them) or `neonbf16` (of bfloat16 too).
    public static var instructionSet: String {
        switch ck_isa() {
        case Int32(CK_AVX512): "avx512"
        case Int32(CK_AVX512_VNNI): "avx512vnni"
        case Int32(CK_AVX512_DOT): "avx512dot"
        case Int32(CK_WIDE): "wide"
        case Int32(CK_NARROW): "narrow"
        case Int32(CK_AVX_VNNI): "avxvnni"
        case Int32(CK_AVX2): "avx2"
        case Int32(CK_NEON): "neon"
        case Int32(CK_NEON_DOT): "neondot"
        case Int32(CK_NEON_I8MM): "neoni8mm"
        case Int32(CK_NEON_BF16): "neonbf16"
        default: "portable"
        }
    }

    /// float32 in `f32`, else bfloat16.
    public var activationType: DType { precision == .f32 ? .float32 : .bfloat16 }

    /// See ``Compute/parallel(_:_:)``.
    public func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) { pool.forEach(count, body) }
}

extension DType {
    /// The kernels' name of the type: float32 or bfloat16.
    var kernelType: Int32 {
        switch self {
        case .float32: return Int32(CK_F32)
        case .bfloat16: return Int32(CK_BF16)
        default: preconditionFailure("the kernels compute on rows of float32 and bfloat16, not \(self)")
        }
    }

    /// The precision of products with elements of this type.
    var precision: Precision {
        switch self {
        case .bfloat16: .bf16
        default: .f32
        }
    }
}

extension Tensor {
    /// The elements as floats, for the kernels.
    var floatPointer: UnsafeMutablePointer<Float> {
        precondition(dtype == .float32, "float32 expected, not \(dtype)")
        return pointer.assumingMemoryBound(to: Float.self)
    }

    /// Extent of the last axis.
    var width: Int { shape.last ?? 1 }
    /// Number of rows: the product of all other extents.
    var rowCount: Int { shape.dropLast().reduce(1, *) }
}
