import Compute
import FlashU
import Foundation
import Images
import ShowO2
import Tensors
import Tokenizers

/// A conversation in which both sides write and show images: the model decides when it draws, or is told to.
///
/// ```swift
/// let conversation = try Conversation(model)
/// for try await event in await conversation.say([.text("A cat that became an astronaut.")]) {
///     switch event {
///     case .text(let piece): print(piece, terminator: "")
///     case .image(let drawn): try drawn.pixels?.write(to: URL(fileURLWithPath: "\(drawn.seed).png"))
///     default: break
///     }
/// }
/// ```
///
/// Official file: `inference_mixed_modality.py`. The model writes until it begins an image (boi) or ends (eos), 200 tokens at most; the image is drawn behind
/// everything that was said, images of before among it, guided away from `[bos] [boi]` alone; then it writes on. Where the script reads the whole history anew
/// for every token and every evaluation, keys and values are kept here: since an image stands at t = 0 while text is written and at t = 1 while the next image
/// is drawn (``ImageTime``), in two sequences, each of which is only appended to, and reads what the other has read when it is wanted. A turn reads what is new.
/// What is chosen and drawn is what reading everything anew would give.
///
/// Turns run one after the other, whoever asks for them. A turn that fails leaves the conversation as it was before. One that is cancelled, by ending the
/// iteration or the task, keeps the text that was written and the images that were finished, and forgets an image that was on its way; where there was nothing
/// yet, the conversation is as it was before.
///
/// No released checkpoint was trained for it (``isTrained(_:)``).
public actor Conversation {
    /// What writes and draws.
    public nonisolated let model: UnifiedModel
    /// What holds for all turns.
    public nonisolated let style: Style
    /// What was said.
    public private(set) var turns: [Turn]
    private var writing: ConversationReader
    private var drawing: ConversationReader
    /// Before each turn, both sequences.
    private var before: [(writing: ConversationReader.Checkpoint, drawing: ConversationReader.Checkpoint)] = []
    /// The turn that was begun last.
    private var last: Task<Void, Never>?
    private let special: SpecialTokens

    /// A conversation.
    ///
    /// - Parameters:
    ///   - model: loaded for both tasks.
    ///   - style: what holds for all turns.
    ///   - turns: what was said elsewhere. It is read at the next turn.
    /// - Throws: `ModelError` when the model was loaded without generation, has no structural tokens, or does not fit to `turns`.
    public init(_ model: UnifiedModel, style: Style = Style(), turns: [Turn] = []) throws {
        (self.model, self.style, self.turns) = (model, style, [])
        special = try model.specialTokens()
        guard (1...TokenSequence.longest).contains(style.context) else {
            throw ModelError.request(
                "a context of \(style.context) tokens is not between 1 and \(TokenSequence.longest), what the language model reads"
            )
        }
        writing = try ConversationReader(.writing, style, model.network, special)
        drawing = try ConversationReader(.drawing, style, model.network, special)
        for turn in turns {
            for part in turn.parts { try Self.check(part, model) }
            before.append((writing.checkpoint, drawing.checkpoint))
            writing.append(turn.parts)
            drawing.append(turn.parts)
            self.turns.append(turn)
        }
    }

    /// Whether a model was trained to write and draw in turns, as far as its files say (`"mixed_modality": true` in its `geometry.json`). No released
    /// checkpoint was: what it writes and draws in a conversation is an experiment.
    public static func isTrained(_ model: UnifiedModel) -> Bool { model.geometry.isTrainedForMixedModality }

    /// The user says something, and the model answers: it writes, and draws where it decides to.
    ///
    /// - Parameters:
    ///   - pieces: text, images, videos; none to let the model go on.
    ///   - settings: what holds for this turn.
    /// - Returns: what happens. It throws `ModelError/request(_:)` when the context has no room, which leaves the conversation usable: take turns back;
    ///   what ``TextToImage/generate(_:)`` and ``ImageQuestion/ask(_:)`` throw; `CancellationError`.
    public func say(_ pieces: [PromptPiece], _ settings: Settings = Settings()) -> AsyncThrowingStream<
        Event, any Error
    > { begin(pieces, settings, draws: false) }

    /// The model draws one image behind what was said and `pieces`, by `settings`.
    ///
    /// In the plain ``Template`` the first image of a conversation is the very one that ``TextToImage`` draws of its prompt.
    ///
    /// - Returns: as ``say(_:_:)``.
    public func draw(_ pieces: [PromptPiece] = [], _ settings: Settings = Settings()) -> AsyncThrowingStream<
        Event, any Error
    > { begin(pieces, settings, draws: true) }

    /// Takes the last turn back.
    /// - Returns: it; nil when there is none.
    @discardableResult public func undo() async -> Turn? {
        await idle()
        guard let place = before.popLast() else { return nil }
        writing.rewind(to: place.writing)
        drawing.rewind(to: place.drawing)
        return turns.popLast()
    }

    /// Begins anew.
    public func reset() async {
        while await undo() != nil {}
    }

    /// Tokens that the conversation has, of ``Style/context``.
    public var length: Int { (try? writing.length(model.geometry)) ?? 0 }

    /// Bytes of the keys and values that are kept.
    public var byteCount: Int { TokenSequence.byteCount(of: [writing.sequence, drawing.sequence]) }

    /// The text of a turn that somebody said, special tokens left out; empty when the folder has no tokenizer.
    public nonisolated func text(of turn: Turn, by author: Author) -> String {
        let ids = turn.parts.flatMap { part -> [Int] in
            guard part.author == author, case .tokens(let ids) = part.content else { return [] }
            return ids
        }
        return (try? model.tokenizer())?.decode(ids) ?? ""
    }

    // MARK: Turns

    /// All turns, once none is on its way.
    public func settled() async -> [Turn] {
        await idle()
        return turns
    }

    private func idle() async {
        while let task = last {
            await task.value
            if task == last { last = nil }
        }
    }

    private func begin(_ pieces: [PromptPiece], _ settings: Settings, draws: Bool) -> AsyncThrowingStream<
        Event, any Error
    > {
        let (stream, continuation) = AsyncThrowingStream<Event, any Error>.makeStream()
        let previous = last
        let task = Task {
            await previous?.value
            do {
                try await take(pieces, settings, draws: draws) { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        last = task
        return stream
    }

    private func take(
        _ pieces: [PromptPiece], _ settings: Settings, draws: Bool, emit: @escaping @Sendable (Event) -> Void
    ) async throws {
        try Task.checkCancellation()
        guard settings.maxTokens > 0, settings.rounds > 0 else {
            throw ModelError.request("max tokens and rounds must be above 0")
        }
        let place = (writing.checkpoint, drawing.checkpoint)
        let turn = try ConversationTurn(model, after: turns, writing, drawing, style, settings, emit: emit)
        do {
            try await turn.run(pieces, around: template(pieces), draws: draws)
        } catch {
            if turn.keeps(error) { keep(turn, place) }
            throw error
        }
        keep(turn, place)
        emit(.turn(turn.turn))
    }

    private func keep(
        _ turn: ConversationTurn, _ place: (ConversationReader.Checkpoint, ConversationReader.Checkpoint)
    ) {
        (writing, drawing) = (turn.writing, turn.drawing)
        before.append(place)
        turns.append(turn.turn)
    }

    /// The tokens around what the user says.
    private func template(_ pieces: [PromptPiece]) throws -> (before: [Int], after: [Int]) {
        let isFirst = turns.isEmpty
        let template = ChatTemplate(kind: style.template, special: special, tokenizer: try? model.tokenizer())
        // Going on is no turn of the user's.
        guard isFirst || !pieces.isEmpty else { return ([], []) }
        return (
            isFirst ? try template.prefix() : try template.next(ended: turns.last?.isEnded(by: special) ?? false),
            try template.assistant()
        )
    }

    /// Refuses what the model cannot read.
    private static func check(_ part: Part, _ model: UnifiedModel) throws(ModelError) {
        switch part.content {
        case .tokens(let ids): try model.geometry.check(ids)
        case .image(let latents, _):
            _ = try model.geometry.tokens(of: latents)
            guard latents.isFinite else { throw .notFinite("the image's latents") }
        case .video(let latents, _, let changes):
            _ = try model.geometry.frameGrid(of: latents)
            try model.geometry.check(changes, of: latents)
            guard latents.isFinite else { throw .notFinite("the image's latents") }
        }
    }
}

extension Conversation.Turn {
    /// Whether its last token is eos.
    func isEnded(by special: SpecialTokens) -> Bool {
        guard case .tokens(let ids) = parts.last?.content else { return false }
        return ids.last == special.endOfSequence
    }
}
