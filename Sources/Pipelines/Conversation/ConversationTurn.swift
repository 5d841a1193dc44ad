import Compute
import FlashU
import Foundation
import Images
import ShowO2
import Tensors
import Tokenizers

/// A turn on its way. It works on forks of the conversation's sequences, which become the conversation's when it is over.
///
/// It is touched by one task at a time: by the jobs, on the scheduler's thread, while ``Scheduler/run(weight:_:)`` is awaited, else by the conversation.
final class ConversationTurn: @unchecked Sendable {
    private let model: UnifiedModel
    private let special: SpecialTokens
    private let style: Conversation.Style
    private let settings: Conversation.Settings
    private let emit: @Sendable (Conversation.Event) -> Void
    private(set) var writing: ConversationReader
    private(set) var drawing: ConversationReader
    private(set) var turn: Conversation.Turn
    /// Choices of the model, and images that it drew, in all turns.
    private var choices: Int
    private var images: Int
    /// Of a text that was cut off: what its last job has chosen.
    private var answering: Answering?
    private var encoded: [Piece] = []

    init(
        _ model: UnifiedModel, after turns: [Conversation.Turn], _ writing: ConversationReader,
        _ drawing: ConversationReader, _ style: Conversation.Style, _ settings: Conversation.Settings,
        emit: @escaping @Sendable (Conversation.Event) -> Void
    ) throws {
        (self.model, self.style, self.settings, self.emit) = (model, style, settings, emit)
        special = try model.specialTokens()
        (self.writing, self.drawing) = (writing.forked(), drawing.forked())
        turn = Conversation.Turn(parts: [], ending: .ended)
        choices = turns.reduce(0) { $0 + $1.choices }
        images = turns.reduce(0) { $0 + $1.drawn }
    }

    /// Reads what the user says; see ``Conversation/say(_:_:)`` and ``Conversation/draw(_:_:)``.
    func run(_ said: [PromptPiece], around template: (before: [Int], after: [Int]), draws: Bool) async throws {
        try await hear(said, template)
        let (before, beforeDrawing) = (writing.sequence.count, drawing.sequence.count)
        defer {
            turn.reading = Conversation.Reading(
                writing: writing.sequence.count - before, drawing: drawing.sequence.count - beforeDrawing)
        }
        if draws {
            try await draw()
            turn.ending = .drawn
            return
        }
        for _ in 0..<settings.rounds {
            turn.ending = try await write()
            guard turn.ending == .drawn else { return }
            try await draw()
        }
        turn.ending = .cut
    }

    /// Appends what the user says, images encoded.
    private func hear(_ said: [PromptPiece], _ template: (before: [Int], after: [Int])) async throws {
        let layout = try PieceLayout(
            said, model.geometry, reading: model.geometry.reading(at: settings.profile.reading.scale),
            tokenizer: model.tokenizer)
        try room(for: layout.length + template.before.count + template.after.count + 1)
        if said.contains(where: \.isVisual) {
            try await model.scheduler.run { [self] in
                try Encoding(said, on: model, settings.profile) { [emit] in
                    emit(.encoded(done: $0, total: $1))
                } done: { [self] in
                    encoded = $0
                }
            }
        } else {
            encoded = layout.parts.compactMap { if case .text(let ids) = $0 { .text(ids) } else { nil } }
        }
        append(.template, .tokens(template.before))
        for piece in encoded { append(.user, Conversation.Content(piece)) }
        append(.template, .tokens(template.after))
        guard !writing.unread.isEmpty else { throw ModelError.request("nothing was said") }
    }

    private func append(_ author: Conversation.Author, _ content: Conversation.Content) {
        if case .tokens(let ids) = content, ids.isEmpty { return }
        let part = Conversation.Part(author, content)
        turn.parts.append(part)
        writing.append([part])
        drawing.append([part])
    }

    /// Refuses what the context has no room for.
    private func room(for tokens: Int, _ what: String = "this turn") throws(ModelError) {
        let length = try writing.length(model.geometry)
        let (needed, overflow) = length.addingReportingOverflow(tokens)
        guard overflow || needed > style.context else { return }
        throw .request(
            "the context is full: the conversation has \(length) of \(style.context) tokens, and \(what) needs \(tokens); take turns back (/undo) or begin "
                + "anew (/reset)")
    }

    /// Writes until the model wants to draw, ends, or may not go on.
    private func write() async throws -> Conversation.Ending {
        let left = style.context - (try writing.length(model.geometry))
        guard left > 0 else { return .full }
        let request = settings.writing(after: choices, maxTokens: min(settings.maxTokens, left))
        let count = writing.sequence.count
        do {
            try await model.scheduler.run { [self] in
                let job = try Answering(request, on: model, continuing: writing.continuation) { [emit] in
                    if case .text(_, let piece) = $0 { emit(.text(piece)) }
                }
                answering = job
                return job
            }
        } catch {
            settle(from: count)
            throw error
        }
        let last = settle(from: count)
        if last == special.beginOfImage { return .drawn }
        if last == special.endOfSequence { return .ended }
        return left <= settings.maxTokens ? .full : .cut
    }

    /// Takes over what was written. The boi of an image belongs to that.
    /// - Returns: the last token.
    @discardableResult private func settle(from count: Int) -> Int? {
        let ids = answering?.written ?? []
        answering = nil
        let text = ids.last == special.beginOfImage ? Array(ids.dropLast()) : ids
        choices += text.count
        if text.isEmpty {
            // Nothing stays but, perhaps, what was read.
            writing.settle(from: count)
            return ids.last
        }
        let part = Conversation.Part(.model, .tokens(text))
        turn.parts.append(part)
        // All but the last token has been read; a boi is read with its image.
        writing.settle(from: count, written: text.count == ids.count ? ids : [])
        drawing.append([part])
        return ids.last
    }

    /// Draws an image behind all that was said. The official script's unconditional branch has nothing but bos, boi and the image.
    private func draw() async throws {
        let request = settings.drawing(after: images)
        let resolved = TextToImage.Settings(request, model.geometry)
        let grid = try model.geometry.grid(width: resolved.width, height: resolved.height)
        do {
            try room(for: grid.tokens + 3, "the image")
        } catch {
            turn.ending = .full
            throw error
        }
        emit(.drawing(resolved))
        let count = drawing.sequence.count
        let drawn = Box()
        do {
            try await model.scheduler.run { [self] in
                try Drawing(request, on: model, continuing: drawing.continuation) { [emit] event in
                    switch event {
                    case .step(let step): emit(.step(step))
                    case .image(let image): drawn.image = image
                    }
                }
            }
        } catch {
            drawing.settle(from: count)
            throw error
        }
        drawing.settle(from: count)
        guard let image = drawn.image else { throw CancellationError() }
        images += 1
        choices += 1
        append(.model, .image(latents: image.latents.reshaped([1] + image.latents.shape)))
        emit(.image(image))
    }

    /// What a job leaves; touched as the turn is.
    private final class Box: @unchecked Sendable { var image: TextToImage.Drawn? }

    /// Whether what was written and drawn stays though the turn has failed: where whoever listened has gone, or an image has no room.
    func keeps(_ error: any Error) -> Bool {
        guard turn.choices > 0 else { return false }
        if error is CancellationError { turn.ending = .cancelled }
        return turn.ending == .cancelled || turn.ending == .full
    }
}
