import Compute
import Foundation
public import Tensors

/// Reads a sequence of text and images and continues it token by token, keeping keys and values of all that was read.
///
/// Official file: `models/modeling_showo2_qwen2_5.py`, `mmu_generate` and `lm_generate`, which recompute everything for each token.
public final class Reading {
    /// Qwen2.5's `max_position_embeddings`.
    public static let longest = ShowO2Geometry.longestSequence

    private let model: ShowO2Model
    private let caches: [any KeyValueCache]
    private let workspace = Workspace()
    /// Slots that the sequence may take.
    public let capacity: Int
    /// Slots read so far.
    public private(set) var count = 0

    /// An empty sequence of at most `capacity` slots.
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
    public func read(_ ids: [Int]) throws -> Tensor {
        guard let hidden = try append(ids) else { throw ModelError.request("nothing to read") }
        return try model.decoder.logits(hidden.rows(ids.count - 1..<ids.count), workspace)
            .reshaped([model.geometry.vocabulary])
    }

    /// Reads `prefix [boi] T img*N [eoi]`, with the official mask.
    ///
    /// - Parameters:
    ///   - prefix: ids before the image, `[boi]` included.
    ///   - latents: `[1, channels, height, width]` float32, normalised.
    ///   - end: the ids that follow the image inside the bidirectional span: `[eoi]`.
    public func read(prefix: [Int], latents: Tensor, end: Int, observe: Observer? = nil) throws {
        try model.check(prefix + [end])
        let geometry = model.geometry
        let embeddings = model.fusion(latents, model.compute, workspace, observe: observe)  // [tokens, hidden]
        let layout = SequenceLayout(prefix: count + prefix.count, imageTokens: embeddings.shape[0])
        let length = prefix.count + 1 + layout.imageTokens + 1
        try reserve(length)
        var rows = RowLayout()
        rows.append(sequence: 0, start: count, count: length, span: layout.understandingSpan)
        let hidden = workspace.tensor("hidden", [length, geometry.llm.hidden])  // [length, hidden]
        model.embed(prefix, into: hidden, from: 0)
        hidden.rows(prefix.count..<prefix.count + 1).copy(from: model.time([1], model.compute).tokens)
        hidden.rows(prefix.count + 1..<length - 1).copy(from: embeddings)
        model.embed([end], into: hidden, from: length - 1)
        observe?("llm.input", hidden)
        model.decoder(hidden, rows, caches, workspace, observe: observe)
        count += length
    }

    /// Forgets everything after the first `count` slots: the next question on the same image starts there.
    public func rewind(to count: Int) {
        precondition((0...self.count).contains(count))
        self.count = count
    }

    /// Bytes of caches and intermediates.
    public var byteCount: Int { caches.reduce(workspace.byteCount) { $0 + $1.byteCount } }

    private func append(_ ids: [Int]) throws -> Tensor? {
        guard !ids.isEmpty else { return nil }
        try model.check(ids)
        try reserve(ids.count)
        var rows = RowLayout()
        rows.append(sequence: 0, start: count, count: ids.count)
        let hidden = workspace.tensor("hidden", [ids.count, model.geometry.llm.hidden])  // [ids, hidden]
        model.embed(ids, into: hidden, from: 0)
        model.decoder(hidden, rows, caches, workspace)
        count += ids.count
        return hidden
    }

    private func reserve(_ length: Int) throws(ModelError) {
        guard count + length <= capacity else {
            throw .request("the sequence is full: \(count) of \(capacity) tokens are read, \(length) more are wanted")
        }
    }
}
