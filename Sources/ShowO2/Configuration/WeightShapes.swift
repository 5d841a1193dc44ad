import Compute
import Tensors

/// Sizes read off the weights. A size that many tensors have is what most of them say, so that one damaged tensor does not make all others look
/// wrong; whoever loads the model then finds the one.
struct WeightShapes {
    private let source: any TensorSource
    private let names: [String]

    init(_ source: any TensorSource) {
        self.source = source
        names = source.names + Array(source.unreadable.keys)
    }

    /// The shape of a matrix; nil if it is missing, no matrix or empty.
    private func matrix(_ name: String) -> (rows: Int, columns: Int)? {
        guard let shape = source.info(name)?.shape, shape.count == 2, shape[0] > 0, shape[1] > 0 else { return nil }
        return (shape[0], shape[1])
    }

    /// Rows of some matrices that should have as many: what most of them and the configuration say, the first of equals.
    ///
    /// - Parameter columns: matrices of other widths don't count; nil: all do.
    func rows(of candidates: [String], columns: Int?, stated: Int?) throws(ModelError) -> Int {
        let found = candidates.compactMap { matrix($0) }.filter { columns == nil || $0.columns == columns }
        if !found.isEmpty, let rows = (found.map(\.rows) + [stated].compactMap { $0 }).mostFrequent { return rows }
        // Nothing at all like it: not this kind of model. Of another type, or damaged: its loader will say so.
        guard isRecognised, let stated, (1...1 << 24).contains(stated) else {
            guard let first = candidates.first, source.contains(first) else { throw isNoModel(candidates.first ?? "") }
            throw .configuration(file: source.location, reason: "\(first) \(fault(first))")
        }
        return stated
    }

    /// Whether there is any layer of the language model.
    private var isRecognised: Bool { names.contains { $0.hasPrefix("showo.model.layers.") } }

    private func isNoModel(_ name: String) -> ModelError {
        .configuration(file: source.location, reason: "has no \(name); these are not Show-o2 weights")
    }

    private func fault(_ name: String) -> String {
        source.unreadable[name] ?? "has shape \(source.info(name)?.shape ?? [])"
    }

    /// A stack of layers.
    ///
    /// - Parameter neighbour: a matrix whose columns are the hidden states, too.
    func stack(
        _ prefix: String, beside neighbour: String, query: String, key: String, inner: String,
        stated: GeometryFile.Transformer?, defaultHeadDim: (Int) -> Int
    ) throws(ModelError) -> ShowO2Geometry.Stack {
        let layers = 1 + (names.compactMap { layerIndex($0, prefix) }.max() ?? -1)
        guard layers > 0 else {
            guard source.contains(neighbour) else { throw isNoModel(neighbour) }
            throw .configuration(file: source.location, reason: "has no \(prefix).0; get all files of the weights")
        }
        func usual(_ name: String) -> [(rows: Int, columns: Int)] {
            (0..<layers).compactMap { matrix("\(prefix).\($0).\(name)") }
        }
        func rows(_ name: String) throws(ModelError) -> Int {
            if let rows = usual(name).map(\.rows).mostFrequent { return rows }
            let first = "\(prefix).0.\(name)"
            guard source.contains(first) else { throw isNoModel(first) }
            throw .configuration(file: source.location, reason: "\(first) \(fault(first))")
        }
        let (queryWidth, keyWidth, intermediate) = (try rows(query), try rows(key), try rows(inner))
        // The neighbour first: it decides where layers are undecided.
        let widths =
            [matrix(neighbour)].compactMap { $0?.columns }
            + [query, key, inner].flatMap { usual($0).map(\.columns) }
        guard let hidden = widths.mostFrequent else { throw isNoModel(neighbour) }
        let headDim: Int
        if let dim = stated?.head_dim {
            headDim = dim
        } else if let heads = stated?.num_attention_heads, heads > 0, queryWidth % heads == 0 {
            headDim = queryWidth / heads
        } else {
            headDim = defaultHeadDim(hidden)
        }
        guard headDim > 0, headDim % 2 == 0, queryWidth % headDim == 0, keyWidth % headDim == 0, keyWidth > 0,
            queryWidth % keyWidth == 0
        else {
            throw .contradiction(
                "\(prefix) has query and key widths \(queryWidth) and \(keyWidth), which heads of \(headDim) do not divide"
            )
        }
        let attention = AttentionGeometry(
            heads: queryWidth / headDim, keyValueHeads: keyWidth / headDim, headDim: headDim)
        for (key, value, found) in [
            ("num_hidden_layers", stated?.num_hidden_layers, layers),
            ("num_attention_heads", stated?.num_attention_heads, attention.heads),
            ("num_key_value_heads", stated?.num_key_value_heads, attention.keyValueHeads),
            ("intermediate_size", stated?.intermediate_size, intermediate),
        ] {
            if let value, value != found {
                throw .contradiction("\(key) of \(prefix) is \(value), the weights have \(found)")
            }
        }
        return .init(hidden: hidden, layers: layers, attention: attention, intermediate: intermediate)
    }

    private func layerIndex(_ name: String, _ prefix: String) -> Int? {
        guard name.hasPrefix(prefix + ".") else { return nil }
        return Int(name.dropFirst(prefix.count + 1).prefix { $0 != "." }).flatMap {
            (0..<10_000).contains($0) ? $0 : nil
        }
    }
}
