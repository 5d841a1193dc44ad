/// Weights of which some are stored in 8 or 4 bits, as `flashu convert` writes them: `NAME` I8 `[outputs, inputs]` with `NAME_scale` F32
/// `[outputs]`; or `NAME` U8 `[outputs, inputs / 2]` with `NAME_scale` and `NAME_step` U8 `[outputs, groups]`. ``QuantizedMatrix`` says what they mean.
///
/// Whoever asks for `NAME` gets float32; the integers are there for those who ask for them. Scales and steps are no tensors of their own.
public struct QuantizedWeights: TensorSource {
    /// What is added to a weight's name to name its scales.
    public static let scaleSuffix = "_scale"
    /// What is added to a 4-bit weight's name to name its steps and zeros.
    public static let stepSuffix = "_step"

    private let stored: any TensorSource
    /// The names of all tensors but scales and steps, and matrices that lack theirs.
    public let names: [String]
    /// What the file can't read, and matrices whose scales or steps are missing or do not fit.
    public let unreadable: [String: String]
    /// Bits of the quantised weights.
    private let bits: [String: Int]

    /// Looks into `stored`.
    public init(_ stored: any TensorSource) {
        self.stored = stored
        var unreadable = stored.unreadable
        var parts: Set<String> = []
        var bits: [String: Int] = [:]
        for name in stored.names {
            guard let info = stored.info(name), let count = Self.bits(name, info, in: stored) else { continue }
            bits[name] = count
            let outputs = info.shape[0]
            var wanted = [(name + Self.scaleSuffix, TensorInfo(shape: [outputs], dtype: .float32), "scales")]
            if count == 4 {
                let groups = QuantizedMatrix.groups(2 * info.shape[1])
                let steps = TensorInfo(shape: [outputs, groups], dtype: .uint8)
                wanted.append((name + Self.stepSuffix, steps, "steps"))
            }
            for (part, expected, what) in wanted {
                guard let found = stored.info(part) else {
                    unreadable[name] =
                        "is in \(count) bits, but its \(what) '\(part)' are missing; convert the model again"
                    continue
                }
                parts.insert(part)
                if found != expected {
                    unreadable[name] =
                        "is in \(count) bits, but its \(what) '\(part)' have shape \(found.shape) of \(found.dtype.rawValue) where "
                        + "\(expected.shape) of \(expected.dtype.rawValue) is expected; convert the model again"
                }
            }
        }
        names = stored.names.filter { !parts.contains($0) && unreadable[$0] == nil }
        self.unreadable = unreadable
        self.bits = bits
    }

    /// The file's.
    public var location: String { stored.location }

    /// Shape and stored element type, which is int8 for quantised weights.
    public func info(_ name: String) -> TensorInfo? {
        guard unreadable[name] == nil, let info = stored.info(name) else { return nil }
        guard bits[name] == 4 else { return info }
        return TensorInfo(shape: [info.shape[0], 2 * info.shape[1]], dtype: .int8, packedBits: 4)
    }

    /// The tensor of that name, dequantised to float32 where it is stored in 8 or 4 bits.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard unreadable[name] == nil else { throw missing(name) }
        guard let quantized = try quantized(name) else { return try stored.tensor(name) }
        defer { quantized.evict() }
        return quantized.dequantized()
    }

    /// The parts of a weight that is stored in 8 or 4 bits, else nil.
    public func quantized(_ name: String) throws(WeightError) -> QuantizedMatrix? {
        guard unreadable[name] == nil, let count = bits[name] else { return nil }
        let scales = try stored.tensor(name + Self.scaleSuffix)
        guard scales.floats().allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw .wrongTensor(
                name: name + Self.scaleSuffix, file: location,
                reason: "holds negative or infinite scales; the file is damaged, convert the model again")
        }
        let steps = count == 4 ? try stored.tensor(name + Self.stepSuffix) : nil
        return QuantizedMatrix(values: try stored.tensor(name), scales: scales, steps: steps)
    }

    /// Bits of a stored tensor that is a quantised matrix, else nil.
    private static func bits(_ name: String, _ info: TensorInfo, in stored: any TensorSource) -> Int? {
        // An empty tensor may claim any width.
        guard info.shape.count == 2, info.shape.allSatisfy({ $0 < 1 << 40 }) else { return nil }
        switch info.dtype {
        case .int8: return 8
        // Other things are bytes, too: steps tell these apart.
        case .uint8
        where !name.hasSuffix(stepSuffix)
            && (stored.contains(name + stepSuffix) || stored.contains(name + scaleSuffix)):
            return 4
        default: return nil
        }
    }

    /// Whether a source needs this view: whether it holds matrices in 8 or 4 bits.
    static func isNeeded(for source: any TensorSource) -> Bool {
        source.names.contains { name in source.info(name).map { bits(name, $0, in: source) != nil } ?? false }
    }
}
