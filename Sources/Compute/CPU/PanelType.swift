internal import CKernels
import Tensors

/// How packed weights are held.
enum PanelType: Sendable {
    case float32
    case bfloat16
    case int8
    case int4

    /// What holds weights in so many bits beside activations of a type.
    init(_ bits: WeightBits, _ activations: DType) {
        switch bits {
        case .sixteen: self = activations == .float32 ? .float32 : .bfloat16
        case .eight: self = .int8
        case .four: self = .int4
        }
    }

    /// Bits of a weight; 16 where they are not quantised.
    var bits: WeightBits {
        switch self {
        case .float32, .bfloat16: .sixteen
        case .int8: .eight
        case .int4: .four
        }
    }

    var kernelType: Int32 {
        switch self {
        case .float32: Int32(CK_F32)
        case .bfloat16: Int32(CK_BF16)
        case .int8: Int32(CK_I8)
        case .int4: Int32(CK_I4)
        }
    }

    var dtype: DType {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .int8: .int8
        case .int4: .uint8
        }
    }

    /// The precision of products with such weights.
    var precision: Precision {
        switch self {
        case .float32: .f32
        case .bfloat16: .bf16
        case .int8: .int8
        case .int4: .int4
        }
    }

    var isQuantized: Bool { bits < .sixteen }

    /// Inputs that lie together.
    private var stride: Int {
        switch self {
        case .float32: 1
        case .bfloat16, .int8: 4
        case .int4: Int(CK_GROUP)
        }
    }

    /// Bytes of the inputs up to `input`, a multiple of the stride, in one panel.
    func bytes(_ input: Int) -> Int {
        self == .int4 ? input / Int(CK_GROUP) * Int(CK_I4_BLOCK) : input * Int(CK_PANEL) * dtype.size
    }

    /// Inputs from the beginning of its group to one.
    func lead(_ input: Int) -> Int { self == .int4 ? input % Int(CK_GROUP) : 0 }

    /// Inputs rounded up to whole strides.
    func depth(_ inputs: Int) -> Int { (inputs + stride - 1) / stride * stride }

    /// Extents of the panels' tensor: `[panels, depth, 16]`, in 4 bits `[panels, groups, bytes of a group's block]`.
    func shape(panels: Int, inputs: Int) -> [Int] {
        let depth = depth(inputs)
        return self == .int4
            ? [panels, depth / Int(CK_GROUP), Int(CK_I4_BLOCK)] : [panels, depth, Int(CK_PANEL)]
    }
}
