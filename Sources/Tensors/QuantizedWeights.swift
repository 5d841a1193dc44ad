/// Weights of which some are stored in 8 bits, as `flashu convert --to int8` writes them: `NAME` I8 `[outputs, inputs]` with
/// `NAME_scale` F32 `[outputs]`, element `[o, i]` being `NAME[o, i] * NAME_scale[o]`.
///
/// Whoever asks for `NAME` gets float32; the integers are there for those who ask for them. The scales are no tensors of their own.
public struct QuantizedWeights: TensorSource {
    /// What is added to a weight's name to name its scales.
    public static let scaleSuffix = "_scale"

    private let stored: any TensorSource
    /// The names of all tensors but the scales, and 8-bit matrices that lack them.
    public let names: [String]
    /// What the file can't read, and 8-bit matrices whose scales are missing or do not fit.
    public let unreadable: [String: String]

    /// Looks into `stored`.
    public init(_ stored: any TensorSource) {
        self.stored = stored
        var unreadable = stored.unreadable
        var scales: Set<String> = []
        for name in stored.names {
            guard let info = stored.info(name), info.dtype == .int8, info.shape.count == 2 else { continue }
            let scale = name + Self.scaleSuffix
            guard let found = stored.info(scale) else {
                unreadable[name] = "is in 8 bits, but its scales '\(scale)' are missing; convert the model again"
                continue
            }
            scales.insert(scale)
            if found.dtype != .float32 || found.shape != [info.shape[0]] {
                unreadable[name] =
                    "is in 8 bits, but its scales '\(scale)' have shape \(found.shape) of \(found.dtype.rawValue) where "
                    + "[\(info.shape[0])] of float32 is expected; convert the model again"
            }
        }
        names = stored.names.filter { !scales.contains($0) && unreadable[$0] == nil }
        self.unreadable = unreadable
    }

    /// The file's.
    public var location: String { stored.location }

    /// Shape and stored element type, which is int8 for quantised weights.
    public func info(_ name: String) -> TensorInfo? { unreadable[name] == nil ? stored.info(name) : nil }

    /// The tensor of that name, dequantised to float32 where it is stored in 8 bits.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard unreadable[name] == nil else { throw missing(name) }
        guard let (values, scales) = try quantized(name) else { return try stored.tensor(name) }
        defer { values.evict() }
        return values.dequantized(by: scales)
    }

    /// The integers and the scales of a weight that is stored in 8 bits, else nil.
    public func quantized(_ name: String) throws(WeightError) -> (values: Tensor, scales: Tensor)? {
        guard let info = info(name), info.dtype == .int8, info.shape.count == 2 else { return nil }
        let scales = try stored.tensor(name + Self.scaleSuffix)
        guard scales.floats().allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw .wrongTensor(
                name: name + Self.scaleSuffix, file: location,
                reason: "holds negative or infinite scales; the file is damaged, convert the model again")
        }
        return (try stored.tensor(name), scales)
    }

    /// Whether a source needs this view: whether it holds matrices in 8 bits.
    static func isNeeded(for source: any TensorSource) -> Bool {
        source.names.contains { source.info($0).map { $0.dtype == .int8 && $0.shape.count == 2 } ?? false }
    }
}

extension Tensor {
    /// The float32 weight of which this is the integers: `[outputs, inputs]` int8, times `scales` `[outputs]` float32.
    package func dequantized(by scales: Tensor) -> Tensor {
        let (out, factors) = (Tensor(zeros: shape), scales.floats())
        let from = pointer.assumingMemoryBound(to: Int8.self)
        let to = out.pointer.assumingMemoryBound(to: Float.self)
        let width = factors.isEmpty ? 0 : count / factors.count
        for row in factors.indices {
            for i in row * width..<(row + 1) * width { to[i] = Float(from[i]) * factors[row] }
        }
        return out
    }
}
