/// What is known of a stored tensor without touching its elements.
public struct TensorInfo: Sendable, Hashable {
    /// Extents, outermost first.
    public let shape: [Int]
    /// Element type.
    public let dtype: DType

    /// A description of a tensor that need not exist.
    public init(shape: [Int], dtype: DType) {
        self.shape = shape
        self.dtype = dtype
    }

    /// Bytes of all elements, or nil if a dimension is negative or the size overflows, which a file may claim.
    ///
    /// Dimensions of zero count as one for the overflow check, so that no partial product of an accepted shape can
    /// overflow either.
    package var checkedByteCount: Int? {
        var product = dtype.size
        var isEmpty = false
        for extent in shape {
            guard extent >= 0 else { return nil }
            isEmpty = isEmpty || extent == 0
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            guard !overflow else { return nil }
            product = next
        }
        return isEmpty ? 0 : product
    }
}

/// Named tensors, wherever they lie: one file, several, an archive.
public protocol TensorSource: Sendable {
    /// What to call it in messages: a path.
    var location: String { get }

    /// The names of all tensors, in stored order.
    var names: [String] { get }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    func info(_ name: String) -> TensorInfo?

    /// The tensor of that name. It looks into the mapped file where the file allows it and is a copy otherwise.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    func tensor(_ name: String) throws(WeightError) -> Tensor

    /// The integers and the scales of a weight that is stored in 8 bits (``QuantizedWeights``), else nil.
    ///
    /// - Throws: ``WeightError/wrongTensor(name:file:reason:)`` for impossible scales.
    func quantized(_ name: String) throws(WeightError) -> (values: Tensor, scales: Tensor)?
}

extension TensorSource {
    /// Nothing is stored in 8 bits.
    public func quantized(_ name: String) throws(WeightError) -> (values: Tensor, scales: Tensor)? { nil }
}

extension TensorSource {
    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { info(name) != nil }

    /// The tensor of that name, which must have that shape.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` or ``WeightError/wrongTensor(name:file:reason:)``.
    public func tensor(_ name: String, shape: [Int]) throws(WeightError) -> Tensor {
        let tensor = try tensor(name)
        guard tensor.shape == shape else {
            throw .wrongTensor(
                name: name, file: location,
                reason: "has shape \(tensor.shape) where \(shape) is expected; does the configuration fit the weights?")
        }
        return tensor
    }

    /// The error for a name that is not there, with the stored name that shares most with it.
    package func missing(_ name: String) -> WeightError {
        let wanted = Array(name.utf8)
        var best: (score: Int, name: String)?
        for candidate in names.prefix(20_000) {
            let bytes = Array(candidate.utf8)
            let prefix = zip(wanted, bytes).prefix { $0 == $1 }.count
            let suffix = zip(wanted.reversed(), bytes.reversed()).prefix { $0 == $1 }.count
            let score = 2 * min(prefix + suffix, wanted.count) - abs(wanted.count - bytes.count)
            if score > wanted.count, score > best?.score ?? 0 { best = (score, candidate) }
        }
        return .missingTensor(name: name, file: location, closest: best?.name)
    }
}
