public import Tensors

/// Weights of which some are replaced: for tests that ask whether a weight matters.
public struct AlteredWeights: TensorSource {
    private let original: any TensorSource
    private let replaced: [String: Tensor]

    /// `original` with the tensors in `replaced` in place of its own.
    public init(_ original: any TensorSource, replacing replaced: [String: Tensor]) {
        self.original = original
        self.replaced = replaced
    }

    /// The original's.
    public var location: String { original.location }
    /// The original's.
    public var names: [String] { original.names }

    /// Shape and type of the replacement, else of the original.
    public func info(_ name: String) -> TensorInfo? {
        replaced[name].map { TensorInfo(shape: $0.shape, dtype: $0.dtype) } ?? original.info(name)
    }

    /// The replacement, else the original.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        if let tensor = replaced[name] { return tensor }
        return try original.tensor(name)
    }
}
