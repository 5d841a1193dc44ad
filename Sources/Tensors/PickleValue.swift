/// What the unpickler makes of a pickle. Containers are indices into the unpickler's arrays: values stay flat however
/// deep a file nests them, so nothing recurses, and cycles leak nothing.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case global(TorchGlobal)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case storage(Int)
    case tensor(Int)
    /// Something harmless that is no tensor: bytes, a device.
    case other
}

/// A run of elements in the archive, as the pickle describes it.
struct PickledStorage {
    /// The entry `data/KEY`.
    let key: String
    /// Nil: raw bytes.
    let dtype: DType?
    /// How many elements (bytes if raw) the pickle says there are.
    let count: Int
}

/// A strided view of a storage, as the pickle describes it. Nothing about it has been checked.
struct PickledTensor {
    let storage: PickledStorage
    let dtype: DType
    /// In elements.
    let offset: Int
    let shape: [Int]
    /// In elements.
    let strides: [Int]
}

/// The names that a file of tensors may mention. Everything else is refused, and these are not called either: what
/// they would do is done here.
enum TorchGlobal {
    case orderedDictionary
    case rebuildTensor
    case rebuildTensorWithDType
    case rebuildParameter
    case size
    case device
    case storage(DType)
    case untypedStorage
    case dtype(DType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorWithDType
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "Size"): self = .size
        case ("torch", "device"): self = .device
        case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .untypedStorage
        case ("torch", let name):
            if let dtype = Self.storages[name] {
                self = .storage(dtype)
            } else if let dtype = Self.dtypes[name] {
                self = .dtype(dtype)
            } else {
                return nil
            }
        default: return nil
        }
    }

    private static let storages: [String: DType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "DoubleStorage": .float64,
        "CharStorage": .int8, "ByteStorage": .uint8, "ShortStorage": .int16, "IntStorage": .int32,
        "LongStorage": .int64, "BoolStorage": .bool,
    ]

    private static let dtypes: [String: DType] = [
        "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "float64": .float64, "int8": .int8,
        "uint8": .uint8, "int16": .int16, "int32": .int32, "int64": .int64, "bool": .bool,
    ]
}
