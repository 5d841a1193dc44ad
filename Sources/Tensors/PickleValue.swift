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
    /// A whole number of more than 64 bits: its bytes, lowest first.
    case wide([UInt8])
    /// Something that is no tensor and of which only the name of its maker is known.
    case opaque(String)
    /// Something harmless that is no tensor: bytes, a set, a device.
    case other
}

/// A run of elements in the archive, as the pickle describes it.
struct PickledStorage {
    /// The name of its bytes: the entry `data/KEY` of an archive.
    let key: String
    /// Nil: raw bytes.
    let element: TorchElement?
    /// How many elements (bytes if raw) the pickle says there are.
    let count: Int
    /// The part of them that this is, in elements; nil = all (very old files only).
    var part: (offset: Int, count: Int)?
}

/// A strided view of a storage, as the pickle describes it. Nothing about it has been checked.
struct PickledTensor {
    let storage: PickledStorage
    let element: TorchElement
    /// In elements.
    let offset: Int
    let shape: [Int]
    /// In elements.
    let strides: [Int]
}

/// What PyTorch calls the type of an element.
enum TorchElement: Equatable {
    case plain(DType)
    case float8(Float8)
    /// A type that is not read here.
    case rare(String, size: Int)

    /// Bytes of one element.
    var size: Int {
        switch self {
        case .plain(let type): type.size
        case .float8: 1
        case .rare(_, let size): size
        }
    }

    /// By the name of a storage class, such as `FloatStorage`.
    init?(storage name: String) {
        if let type = Self.storages[name] {
            self = .plain(type)
        } else if let size = Self.rareStorages[name] {
            self = .rare("torch.\(name)", size: size)
        } else {
            return nil
        }
    }

    /// By the name of a `torch.dtype`, such as `bfloat16`.
    init?(type name: String) {
        if let type = Self.types[name] {
            self = .plain(type)
        } else if let type = Self.float8Types[name] {
            self = .float8(type)
        } else if let size = Self.rareTypes[name] {
            self = .rare("torch.\(name)", size: size)
        } else {
            return nil
        }
    }

    private static let storages: [String: DType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "DoubleStorage": .float64,
        "CharStorage": .int8, "ByteStorage": .uint8, "ShortStorage": .int16, "IntStorage": .int32,
        "LongStorage": .int64, "BoolStorage": .bool,
    ]
    private static let rareStorages = [
        "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1,
        "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    ]
    private static let types: [String: DType] = [
        "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "float64": .float64, "int8": .int8,
        "uint8": .uint8, "int16": .int16, "int32": .int32, "int64": .int64, "bool": .bool,
    ]
    private static let float8Types: [String: Float8] = ["float8_e4m3fn": .e4m3, "float8_e5m2": .e5m2]
    private static let rareTypes = [
        "uint16": 2, "uint32": 4, "uint64": 8, "complex32": 4, "complex64": 8, "complex128": 16,
        "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1, "qint8": 1,
        "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1, "bits8": 1, "bits16": 2, "bits1x8": 1, "bits2x4": 1,
        "bits4x2": 1, "uint1": 1, "uint2": 1, "uint3": 1, "uint4": 1, "uint5": 1, "uint6": 1, "uint7": 1, "int1": 1,
        "int2": 1, "int3": 1, "int4": 1, "int5": 1, "int6": 1, "int7": 1,
    ]
}

/// The names in a file of tensors that mean something here. They are not called: what they would do is done here.
enum TorchGlobal {
    case orderedDictionary
    /// Without requires_grad and hooks, by PyTorch before 0.4.
    case rebuildOldTensor
    case rebuildTensor
    case rebuildTensorWithDType
    case rebuildParameter
    /// Calls another one of these: `(function, type, arguments, state)`.
    case rebuildFromType
    case size
    case device
    case storage(TorchElement)
    case untypedStorage
    case dtype(TorchElement)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor"): self = .rebuildOldTensor
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorWithDType
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"),
            ("torch.nn.parameter", "Parameter"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        case ("torch", "Size"): self = .size
        case ("torch", "device"): self = .device
        case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .untypedStorage
        case ("torch", let name):
            if let element = TorchElement(storage: name) {
                self = .storage(element)
            } else if let element = TorchElement(type: name) {
                self = .dtype(element)
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// Whether a name is one that only an attack mentions: it would run commands or code, in a program that executes pickles.
    static func isHostile(module: String, name: String) -> Bool {
        let root = module.prefix { $0 != "." }
        if hostileModules.contains(String(root)) { return true }
        let builtins: Set<Substring> = ["builtins", "__builtin__", "__builtins__"]
        return builtins.contains(root) && hostileBuiltins.contains(String(name.prefix { $0 != "." }))
    }

    private static let hostileModules: Set<String> = [
        "os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "pty", "runpy", "importlib", "imp", "socket",
        "ctypes", "shutil", "webbrowser", "commands", "popen2", "code", "codeop", "pdb", "bdb", "timeit", "pip",
        "platform", "marshal", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "multiprocessing", "asyncio",
        "urllib", "http", "requests", "ftplib", "smtplib", "tempfile", "pathlib2", "signal", "gc", "inspect",
    ]
    private static let hostileBuiltins: Set<String> = [
        "eval", "exec", "execfile", "compile", "open", "__import__", "getattr", "setattr", "delattr", "input",
        "breakpoint", "globals", "locals", "vars", "apply", "map", "filter", "reduce",
    ]
}
