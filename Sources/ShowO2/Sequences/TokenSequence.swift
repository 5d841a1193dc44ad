import Compute
import Tensors

/// All that was read so far: keys and values of every LLM layer, and of the diffusion head where something will be drawn.
///
/// A sequence reads pieces (``ReadingPass``), is continued token by token (``DecodeBatch``) or by an image (``Denoising``), and can be forked: what
/// both have is shared, so an image that was read once serves many questions. Where image tokens were cut, later layers have fewer slots taken than
/// tokens were read; text and images may follow all the same.
public final class TokenSequence {
    /// The network.
    public let model: ShowO2Model
    /// The structural tokens.
    public let special: SpecialTokens
    /// Tokens read: the next one's position.
    public private(set) var count = 0
    /// Of each LLM layer.
    let caches: [any KeyValueCache]
    /// Of each layer of the diffusion head; empty where nothing will be drawn.
    let headCaches: [any KeyValueCache]
    /// Slots taken in each LLM layer.
    private(set) var taken: [Int]
    /// Slots taken in the layers of the diffusion head.
    private(set) var headTaken = 0

    /// Qwen2.5's `max_position_embeddings`: no sequence is longer.
    public static let longest = ShowO2Geometry.longestSequence

    /// An empty sequence.
    ///
    /// - Parameters:
    ///   - model: the loaded model.
    ///   - special: ids of the structural tokens.
    ///   - drawing: whether an image will be drawn at its end: keys and values of the diffusion head are kept then, too.
    /// - Throws: ``ModelError/request(_:)`` when the model was loaded without the head.
    public init(model: ShowO2Model, special: SpecialTokens, drawing: Bool = false) throws(ModelError) {
        self.model = model
        self.special = special
        caches = model.decoder.makeCaches()
        headCaches = drawing ? try model.head.makeCaches() : []
        taken = Array(repeating: 0, count: caches.count)
    }

    /// Refuses what is drawn at the end of `count` tokens where it is longer than the language model's context, saying how many frames would fit.
    /// - Throws: ``ModelError/request(_:)``.
    package static func check(frames: Int, of grid: TokenGrid, behind count: Int) throws(ModelError) {
        let room = longest - count - 1
        guard frames < 1 || frames > max(0, room) / max(1, grid.tokens) else { return }
        if frames <= 1 {
            throw .request(
                "an image of \(grid.tokens) tokens doesn't fit behind what was read: the language model's context is \(longest)"
            )
        }
        let fit = max(0, room) / max(1, grid.tokens)
        throw .request(
            "\(frames) latent frames of \(grid.tokens) tokens don't fit into the language model's context of \(longest)"
                + (fit > 0 ? "; \(fit) would fit, which are \(WanVAE.frames(ofLatents: fit)) frames" : ", not even one")
        )
    }

    private init(forking other: TokenSequence) {
        (model, special, count) = (other.model, other.special, other.count)
        (taken, headTaken) = (other.taken, other.headTaken)
        caches = other.caches.map { $0.fork() }
        headCaches = other.headCaches.map { $0.fork() }
    }

    /// Whether an image can be drawn at the end.
    public var canDraw: Bool { !headCaches.isEmpty }

    /// A sequence that has read the same. It shares the memory of that with this one, and goes on by itself.
    public func fork() -> TokenSequence { TokenSequence(forking: self) }

    /// A point to come back to.
    public struct Mark: Sendable {
        fileprivate let count: Int
        fileprivate let taken: [Int]
        fileprivate let headTaken: Int
    }

    /// Here.
    public var mark: Mark { Mark(count: count, taken: taken, headTaken: headTaken) }

    /// Forgets everything that was read after `mark`, which must be one of this sequence or of what it was forked from.
    public func rewind(to mark: Mark) {
        precondition(mark.count <= count && mark.taken.count == taken.count, "a mark of another sequence")
        (count, taken, headTaken) = (mark.count, mark.taken, mark.headTaken)
        for (cache, taken) in zip(caches, taken) { cache.truncate(to: taken) }
        for cache in headCaches { cache.truncate(to: headTaken) }
    }

    /// Notes that `tokens` were read, in so many slots of each LLM layer and of the head's.
    func advance(tokens: Int, slots: [Int], headSlots: Int) {
        count += tokens
        for (layer, slots) in slots.enumerated() { taken[layer] += slots }
        headTaken += headSlots
    }

    /// Bytes of keys and values, those shared with forks included.
    public var byteCount: Int { (caches + headCaches).reduce(0) { $0 + $1.byteCount } }

    /// Bytes of keys and values of several sequences, what they share counted once.
    public static func byteCount(of sequences: [TokenSequence]) -> Int {
        var blocks: [ObjectIdentifier: Int] = [:]
        for sequence in sequences {
            for cache in sequence.caches + sequence.headCaches { cache.visitBlocks { blocks[$0] = $1 } }
        }
        return blocks.values.reduce(0, +)
    }
}
