/// What is known of a stored tensor without touching its elements.
public struct TensorInfo: Sendable, Hashable {
    /// Extents, outermost first.
    public let shape: [Int]
    /// Element type.
    public let dtype: DType
    /// Bits of an element where several share a byte, as in 4-bit weights (``QuantizedMatrix``), whose ``dtype`` is int8; else nil.
    public let packedBits: Int?

    /// A description of a tensor that need not exist.
    public init(shape: [Int], dtype: DType, packedBits: Int? = nil) {
        self.shape = shape
        self.dtype = dtype
        self.packedBits = packedBits
    }

    /// What to call the elements: `bfloat16`, `int4`.
    public var elementName: String { packedBits.map { "int\($0)" } ?? dtype.rawValue }

    /// Bytes that a tensor which exists takes in its file, what belongs to quantised weights included.
    public var storedByteCount: Int {
        guard dtype == .int8, shape.count == 2 else { return elementByteCount }
        return QuantizedMatrix.byteCount(shape[0], shape[1], bits: packedBits ?? 8)
    }

    /// Bytes of the elements alone, each taking its type's.
    public var elementByteCount: Int { shape.reduce(1, *) * dtype.size }

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

    /// The names of all tensors that can be read, in stored order.
    var names: [String] { get }

    /// What is stored under a name but can't be read, and why (`has element type U16, ...`). Nobody need care who doesn't ask for it.
    var unreadable: [String: String] { get }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    func info(_ name: String) -> TensorInfo?

    /// The tensor of that name. It looks into the mapped file where the file allows it and is a copy otherwise.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name,
    ///   ``WeightError/wrongTensor(name:file:reason:)`` if it is ``unreadable``.
    func tensor(_ name: String) throws(WeightError) -> Tensor

    /// The parts of a weight that is stored in 8 or 4 bits (``QuantizedWeights``), else nil.
    ///
    /// - Throws: ``WeightError/wrongTensor(name:file:reason:)`` for impossible scales.
    func quantized(_ name: String) throws(WeightError) -> QuantizedMatrix?
}

extension TensorSource {
    /// Everything can be read.
    public var unreadable: [String: String] { [:] }

    /// Nothing is stored in 8 or 4 bits.
    public func quantized(_ name: String) throws(WeightError) -> QuantizedMatrix? { nil }
}

extension TensorSource {
    /// Whether something is stored under that name, whether it can be read or not.
    public func contains(_ name: String) -> Bool { info(name) != nil || unreadable[name] != nil }

    /// The tensor of that name, which must have that shape.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` or ``WeightError/wrongTensor(name:file:reason:)``.
    public func tensor(_ name: String, shape: [Int]) throws(WeightError) -> Tensor {
        guard let info = info(name) else { throw missing(name) }
        guard info.shape == shape else { throw wrongShape(name, info.shape, [shape]) }
        return try tensor(name)
    }

    /// What stands in the way of using the tensor of that name as a weight of one of those shapes, told without touching its elements:
    /// it is missing, of another shape, or of a type that is no weight's. Nil if nothing does.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - shapes: what it may be, the usual shape first.
    public func objection(toWeight name: String, shapes: [[Int]]) -> WeightError? {
        guard let info = info(name) else { return missing(name) }
        guard shapes.contains(info.shape) else { return wrongShape(name, info.shape, shapes) }
        switch info.dtype {
        case .float32, .bfloat16, .float16, .float64: return nil
        // Quantised: whoever opened the file has looked for the scales.
        case .int8 where info.shape.count == 2: return nil
        case .int8, .uint8, .int16, .int32, .int64, .bool:
            return .wrongTensor(
                name: name, file: location,
                reason: "has element type \(info.dtype.rawValue) where a floating-point type is expected; "
                    + "get the weights in one (float32, bfloat16, float16)")
        }
    }

    /// The error for a tensor of another shape than it should have.
    private func wrongShape(_ name: String, _ shape: [Int], _ expected: [[Int]]) -> WeightError {
        .wrongTensor(
            name: name, file: location,
            reason:
                "has shape \(shape) where \(expected.first ?? []) is expected; does the configuration fit the weights?")
    }

    /// The error for a name that is not there or can't be read; in the first case with the stored name that shares most with it.
    package func missing(_ name: String) -> WeightError {
        if let reason = unreadable[name] { return .wrongTensor(name: name, file: location, reason: reason) }
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
