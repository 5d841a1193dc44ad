/// Tensors under other names than the stored ones.
public struct RenamedWeights: TensorSource {
    private let stored: any TensorSource
    private let storedNames: [String: String]
    private let original: @Sendable (String) -> String?
    /// The new names, in stored order.
    public let names: [String]
    /// What can't be read, under the new names.
    public let unreadable: [String: String]

    /// Renames the tensors of `stored`.
    ///
    /// - Parameters:
    ///   - stored: the tensors under their own names.
    ///   - original: the name that a tensor would be stored under, for those that are missing; nil if it is not known.
    ///   - rename: the new name of a stored one.
    /// - Throws: ``WeightError/wrongTensor(name:file:reason:)`` if two stored tensors get the same name.
    public init(
        _ stored: any TensorSource, original: @escaping @Sendable (String) -> String? = { _ in nil },
        _ rename: (String) -> String
    ) throws(WeightError) {
        self.stored = stored
        self.original = original
        var storedNames: [String: String] = [:]
        var names: [String] = []
        var unreadable: [String: String] = [:]
        func take(_ old: String) throws(WeightError) -> String {
            let new = rename(old)
            if let other = storedNames.updateValue(old, forKey: new) {
                throw .wrongTensor(
                    name: new, file: stored.location,
                    reason: "is there twice, as '\(other)' and as '\(old)'; remove one of them")
            }
            return new
        }
        for old in stored.names { names.append(try take(old)) }
        for (old, reason) in stored.unreadable { unreadable[try take(old)] = reason }
        (self.storedNames, self.names, self.unreadable) = (storedNames, names, unreadable)
    }

    /// The file's.
    public var location: String { stored.location }

    /// The name under which a tensor is stored, or would be if it were there; nil if that is not known.
    public func storedName(_ name: String) -> String? { storedNames[name] ?? original(name) }

    /// Shape and element type, without touching the elements; nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? { storedNames[name].flatMap { stored.info($0) } }

    /// The tensor of that name.
    ///
    /// - Throws: ``WeightError/missingTensor(name:file:closest:)`` if there is none of that name, or what the file throws.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let old = storedNames[name], unreadable[name] == nil else { throw missing(name) }
        return try stored.tensor(old)
    }

    /// The parts of a weight that is stored in 8 or 4 bits, else nil.
    public func quantized(_ name: String) throws(WeightError) -> QuantizedMatrix? {
        guard let old = storedNames[name] else { return nil }
        return try stored.quantized(old)
    }
}

/// The names that PyTorch's wrappers of a network (`DataParallel`, `torch.compile`, FSDP, checkpointing) put before its tensors' own.
enum WrapperPrefixes {
    private static let anywhere: Set<Substring> = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"]

    /// The name without them: `module.` and the like at its start, in any order and number, the others also further in.
    static func stripped(_ name: String) -> String {
        guard name.hasPrefix("module.") || name.contains("_orig_mod.") || name.contains("_wrapped_module.") else {
            return name
        }
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = parts.popLast() else { return name }
        let start = parts.firstIndex { $0 != "module" && !anywhere.contains($0) } ?? parts.endIndex
        return (parts[start...].filter { !anywhere.contains($0) } + [last]).joined(separator: ".")
    }

    /// `source` with such names stripped; itself if it has none.
    static func stripping(_ source: any TensorSource) throws(WeightError) -> any TensorSource {
        let wrapped = { (name: String) in stripped(name) != name }
        guard source.names.contains(where: wrapped) || source.unreadable.keys.contains(where: wrapped) else {
            return source
        }
        return try RenamedWeights(source, stripped)
    }
}
