import Compute
import Foundation
public import Tensors

/// What reading runs. The empty plan is the dense one.
public struct ReadingPlan: Sendable, Equatable {
    /// LLM layers that are left out; they hold no keys and values of what is read so.
    public var skippedLayers: Set<Int>
    /// Packed neurons to run in each LLM layer's FFN; nil = all.
    public var neurons: [[Range<Int>]]?
    /// Whether to measure how much each layer changes the last row; see ``Reading/layerImportance``. All layers run then.
    public var measuresLayers: Bool

    /// Dense unless told otherwise.
    public init(skippedLayers: Set<Int> = [], neurons: [[Range<Int>]]? = nil, measuresLayers: Bool = false) {
        self.skippedLayers = skippedLayers
        self.neurons = neurons
        self.measuresLayers = measuresLayers
    }

    /// The dense plan.
    public static let dense = ReadingPlan()
}

/// Drops image tokens on the way through the LLM: after `layer`, only those stay that `keep` chooses. The others vanish from all later layers
/// and from their keys and values; positions stay as they were.
public struct TokenCut {
    /// The layer whose value vectors decide.
    public let layer: Int
    /// L2 norms of the image tokens' value vectors (all heads together) -> the places of those that stay, rising, at least one.
    public let keep: ([Float]) -> [Int]

    /// A cut after a layer.
    public init(layer: Int, keep: @escaping ([Float]) -> [Int]) {
        self.layer = layer
        self.keep = keep
    }
}

/// Reads a sequence of text and images and continues it token by token, keeping keys and values of all that was read.
///
/// Official file: `models/modeling_showo2_qwen2_5.py`, `mmu_generate` and `lm_generate`, which recompute everything for each token.
public final class Reading {
    /// Qwen2.5's `max_position_embeddings`.
    public static let longest = ShowO2Geometry.longestSequence

    private let model: ShowO2Model
    private let caches: [any KeyValueCache]
    private let workspace = Workspace()
    /// Tokens that the sequence may take.
    public let capacity: Int
    /// Tokens read so far.
    public private(set) var count = 0
    /// How much each layer changed the last row at the last reading that measured it: 1 - cosine, `[layers]`. Empty before.
    public private(set) var layerImportance: [Double] = []
    /// The image tokens that the last cut kept; nil without one.
    public private(set) var keptTokens: [Int]?
    /// Is shown the attention of every layer that runs from now on; nil = nobody, at no cost.
    public var attentionTap: AttentionTap?
    /// Cuts so far: how many tokens were read when each was done, after which layer, and how many it dropped.
    private var cuts: [(count: Int, layer: Int, dropped: Int)] = []

    /// An empty sequence of at most `capacity` tokens.
    /// - Throws: ``ModelError/request(_:)`` when that is more than Qwen2.5's context of 32,768.
    public init(model: ShowO2Model, capacity: Int) throws(ModelError) {
        guard (1...Self.longest).contains(capacity) else {
            throw .request(
                "a sequence of \(capacity) tokens is longer than the \(Self.longest) that the language model reads")
        }
        self.model = model
        self.capacity = capacity
        caches = model.decoder.makeCaches(sequences: 1, capacity: capacity)
    }

    /// Reads token ids, causally.
    ///
    /// - Returns: the logits `[vocabulary]` of the token that follows the last id.
    /// - Throws: ``ModelError/request(_:)`` when the ids are outside the vocabulary or the sequence is full.
    public func read(_ ids: [Int], _ plan: ReadingPlan = .dense, observe: Observer? = nil) throws -> Tensor {
        guard !ids.isEmpty else { throw ModelError.request("nothing to read") }
        try model.check(ids)
        try reserve(ids.count)
        let hidden = workspace.tensor("hidden", [ids.count, model.geometry.llm.hidden])  // [ids, hidden]
        model.embed(ids, into: hidden, from: 0)
        let positions = Array(count..<count + ids.count)
        // Layers after a cut have fewer slots taken than tokens were read.
        let all = model.decoder.layers.count
        let bounds = [0] + Set(cuts.map { min($0.layer + 1, all) }).sorted() + [all]
        var importance: [Double] = []
        for (first, last) in zip(bounds, bounds.dropFirst()) where first < last {
            let dropped = cuts.filter { $0.layer < first }.reduce(0) { $0 + $1.dropped }
            let slots = positions.map { $0 - dropped }
            var rows = RowLayout()
            rows.append(sequence: 0, slots: slots, positions: positions, limits: slots.map { $0 + 1 })
            run(hidden, rows, layers: first..<last, plan, &importance, observe: observe)
        }
        if plan.measuresLayers { layerImportance = importance }
        count += ids.count
        return try model.decoder.logits(hidden.rows(ids.count - 1..<ids.count), workspace)
            .reshaped([model.geometry.vocabulary])
    }

    /// Reads `prefix [boi] T img*N [eoi]`, with the official mask.
    ///
    /// - Parameters:
    ///   - prefix: ids before the image, `[boi]` included.
    ///   - latents: `[1, channels, height, width]` float32, normalised.
    ///   - end: the id that follows the image inside the bidirectional span: `[eoi]`.
    ///   - cut: drops image tokens after a layer.
    ///   - whole: whether to compute what nobody reads: the last layer's attention and FFN, of which only keys and values stay. For
    ///     those who observe them.
    public func read(
        prefix: [Int], latents: Tensor, end: Int, _ plan: ReadingPlan = .dense, cut: TokenCut? = nil,
        whole: Bool = false, observe: Observer? = nil
    ) throws {
        try model.check(prefix + [end])
        let geometry = model.geometry
        let embeddings = model.fusion(latents, model.compute, workspace, observe: observe)  // [tokens, hidden]
        let tokens = embeddings.shape[0]
        let layout = SequenceLayout(prefix: count + prefix.count, imageTokens: tokens)
        let length = prefix.count + 1 + tokens + 1
        try reserve(length)
        guard cuts.isEmpty else {
            throw ModelError.request("nothing but text can follow an image whose tokens were cut")
        }
        let hidden = workspace.tensor("hidden", [length, geometry.llm.hidden])  // [length, hidden]
        model.embed(prefix, into: hidden, from: 0)
        hidden.rows(prefix.count..<prefix.count + 1).copy(from: model.time([1], model.compute).tokens)
        hidden.rows(prefix.count + 1..<length - 1).copy(from: embeddings)
        model.embed([end], into: hidden, from: length - 1)
        observe?("llm.input", hidden)

        var rows = RowLayout()
        rows.append(sequence: 0, start: count, count: length, span: layout.understandingSpan)
        var importance: [Double] = []
        let all = model.decoder.layers.count
        let split = cut.map { min($0.layer + 1, all) } ?? all
        var norms: [Float] = []
        let forCache = !whole && !plan.measuresLayers
        run(hidden, rows, layers: 0..<split, plan, &importance, forCache: forCache && split == all) { name, tensor in
            if let cut, name == "llm.layer\(cut.layer).qkv" {
                let values =
                    geometry.llm.attention.fusedWidth - geometry.llm.attention.keyValueHeads
                    * geometry.llm.attention.headDim
                norms = tensor.rows(prefix.count + 1..<length - 1).rowNorms(columns: values..<tensor.shape[1])
            }
            observe?(name, tensor)
        }
        if let cut, split < all {
            let kept = norms.isEmpty ? Array(0..<tokens) : cut.keep(norms)
            let staying = Array(0...prefix.count) + kept.map { prefix.count + 1 + $0 } + [length - 1]
            hidden.compactRows(staying)
            var later = RowLayout()
            let slots = Array(count..<count + staying.count)
            let span = count + prefix.count + 1..<count + staying.count
            later.append(
                sequence: 0, slots: slots, positions: staying.map { count + $0 },
                limits: slots.map { span.contains($0) ? span.upperBound : $0 + 1 })
            run(
                hidden.rows(0..<staying.count), later, layers: split..<all, plan, &importance, forCache: forCache,
                observe: observe)
            keptTokens = kept
            cuts.append((count + length, cut.layer, tokens - kept.count))
        }
        if plan.measuresLayers { layerImportance = importance }
        count += length
    }

    /// Forgets everything after the first `count` tokens: the next question on the same image starts there.
    public func rewind(to count: Int) {
        precondition((0...self.count).contains(count))
        self.count = count
        cuts.removeAll { $0.count > count }
    }

    /// Bytes of caches and intermediates.
    public var byteCount: Int { caches.reduce(workspace.byteCount) { $0 + $1.byteCount } }

    private func run(
        _ hidden: Tensor, _ rows: RowLayout, layers: Range<Int>, _ plan: ReadingPlan, _ importance: inout [Double],
        forCache: Bool = false, observe: Observer?
    ) {
        var measured: [Double] = []
        let last = rows.count - 1..<rows.count
        model.decoder(
            hidden, rows, caches, workspace, layers: layers, skipping: plan.measuresLayers ? [] : plan.skippedLayers,
            neurons: plan.neurons, forCache: forCache,
            measure: plan.measuresLayers ? { measured.append(1 - $1.meanCosine(to: $2, rows: last)) } : nil,
            observe: attentionTap.map { observing(rows, layers, $0, observe) } ?? observe)
        importance += measured
    }

    /// An observer that shows `tap` the attention of each layer, made of the projections that the network shows.
    private func observing(
        _ rows: RowLayout, _ layers: Range<Int>, _ tap: @escaping AttentionTap, _ observe: Observer?
    ) -> Observer {
        let numbers = Dictionary(uniqueKeysWithValues: layers.map { ("llm.layer\($0).qkv", $0) })
        return { [model] name, tensor in
            if let layer = numbers[name] {
                let rotary = model.decoder.rotary.covering(rows)
                tap(
                    layer,
                    AttentionInputs(fused: tensor, model.geometry.llm.attention, rotary, rows, model.compute))
            }
            observe?(name, tensor)
        }
    }

    private func reserve(_ length: Int) throws(ModelError) {
        guard count + length <= capacity else {
            throw .request("the sequence is full: \(count) of \(capacity) tokens are read, \(length) more are wanted")
        }
    }
}
