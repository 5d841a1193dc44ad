public import Tensors

/// Weights of which some are missing, of other shapes or of types that can't be read: for tests that ask what a loader needs.
public struct EditedWeights: TensorSource {
    /// What happens to a tensor.
    public enum Edit: Sendable, Hashable {
        /// It is not there.
        case removed
        /// It is one of zeros, of that shape and type.
        case zeros([Int], DType)
        /// It has a type that is not read.
        case rare
    }

    private let original: any TensorSource
    private let edits: [String: Edit]

    /// `original` with edits by name.
    public init(_ original: any TensorSource, _ edits: [String: Edit]) {
        self.original = original
        self.edits = edits
    }

    /// The original's.
    public var location: String { original.location }
    /// The original's, but for what is missing or can't be read.
    public var names: [String] {
        original.names.filter { edits[$0] != .removed && edits[$0] != .rare }
    }
    /// The original's, and what was made so.
    public var unreadable: [String: String] {
        edits.reduce(into: original.unreadable) { if $1.value == .rare { $0[$1.key] = "has element type RARE" } }
    }

    /// Shape and type after the edits.
    public func info(_ name: String) -> TensorInfo? {
        switch edits[name] {
        case .removed, .rare: nil
        case .zeros(let shape, let dtype): TensorInfo(shape: shape, dtype: dtype)
        case nil: original.info(name)
        }
    }

    /// The tensor after the edits.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        switch edits[name] {
        case .removed: throw .missingTensor(name: name, file: location, closest: nil)
        case .rare: throw .wrongTensor(name: name, file: location, reason: unreadable[name] ?? "")
        case .zeros(let shape, let dtype): return Tensor(zeros: shape, dtype: dtype)
        case nil: return try original.tensor(name)
        }
    }
}
