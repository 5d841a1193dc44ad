import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Synchronization
import Tensors
import Tokenizers
import Videos

/// A conversation on the command line: carries out what lines ask for, keeps pictures beside the turns, and saves.
final class ChatSession {
    let conversation: Conversation
    var settings: Conversation.Settings
    /// Where it is kept; nil = nowhere yet.
    private(set) var folder: ChatFolder?
    /// Of each turn what is seen in it, in order.
    private(set) var pictures: [[ChatFolder.Picture]]
    private let geometry: ShowO2Geometry
    private let provenance: Provenance
    private let imageOptions: ImageOptions
    private let videoOptions: VideoOptions
    /// What is shown with what is said next.
    private var shown: [(piece: PromptPiece, picture: ChatFolder.Picture)] = []

    /// What came of a turn.
    struct Result {
        let turn: Conversation.Turn
        let images: [TextToImage.Drawn]
        let seconds: Double
    }

    init(
        _ conversation: Conversation, _ settings: Conversation.Settings, folder: ChatFolder?,
        pictures: [[ChatFolder.Picture]], _ provenance: Provenance, _ images: ImageOptions, _ videos: VideoOptions
    ) {
        (self.conversation, self.settings, self.folder, self.pictures) = (conversation, settings, folder, pictures)
        (self.provenance, imageOptions, videoOptions) = (provenance, images, videos)
        geometry = conversation.model.geometry
    }

    // MARK: What is shown

    /// Reads an image.
    func image(_ path: String) throws -> (piece: PromptPiece, picture: ChatFolder.Picture) {
        let picture = try imageOptions.read(InputFile(path, "the image"), for: geometry)
        return (picture.source, ChatFolder.Picture(picture.image))
    }

    /// Begins to read a video.
    func video(_ path: String) async throws -> (piece: PromptPiece, picture: ChatFolder.Picture) {
        (.video(try await videoOptions.read(InputFile(path, "the video"), for: geometry)), ChatFolder.Picture(nil))
    }

    /// Shows something with what is said next.
    func show(_ seen: (piece: PromptPiece, picture: ChatFolder.Picture)) { shown.append(seen) }

    // MARK: Turns

    /// Says something, or has something drawn.
    ///
    /// - Parameters:
    ///   - text: nil = nothing.
    ///   - stopsByKey: whether the first Ctrl-C stops the turn, not the command.
    ///   - show: told of every event.
    /// - Throws: what the conversation throws; `CancellationError` when the turn was cancelled, which may have left a part of it in the conversation.
    func turn(
        _ text: String?, draws: Bool, stopsByKey: Bool = false,
        show: @escaping @Sendable (Conversation.Event) throws -> Void
    ) async throws -> Result {
        let pieces = shown.map(\.piece) + (text.map { [.text($0)] } ?? [])
        let said = shown.map(\.picture)
        let clock = ContinuousClock()
        let start = clock.now
        let before = await conversation.turns.count
        let stream = draws ? await conversation.draw(pieces, settings) : await conversation.say(pieces, settings)
        let collected = Mutex<[TextToImage.Drawn]>([])
        let task = Task {
            for try await event in stream {
                if case .image(let image) = event { collected.withLock { $0.append(image) } }
                try show(event)
            }
            try Task.checkCancellation()
        }
        func wait() async throws {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
        var failure: (any Error)?
        do {
            if stopsByKey {
                try await Interruption.during({ task.cancel() }, body: wait)
            } else {
                try await wait()
            }
        } catch { failure = error }
        let turns = await conversation.settled()
        let drawn = collected.withLock { $0 }
        if turns.count > before {
            shown = []
            let prompt = await whole(turns)
            pictures.append(
                said
                    + drawn.map { image in
                        let parameters = provenance.parameters(
                            of: image, prompt: prompt, ids: nil, negativePrompt: nil, noise: nil, pieces: "conversation"
                        )
                        return ChatFolder.Picture(image.pixels, parameters: parameters.text)
                    })
            try await save()
        }
        if let failure {
            // A video can be read once.
            shown.removeAll { $0.picture.image == nil }
            throw failure
        }
        guard let turn = turns.last, turns.count > before else { throw CancellationError() }
        return Result(turn: turn, images: drawn, seconds: (clock.now - start).inSeconds)
    }

    /// The text of all turns, for the text that an image keeps.
    private func whole(_ turns: [Conversation.Turn]) async -> String {
        let text = turns.map { conversation.text(of: $0, by: .user) }.filter { !$0.isEmpty }.joined(separator: " ")
        return String(text.suffix(2000))
    }

    /// Takes the last turn back, or, where something is shown that nothing was said to yet, that.
    /// - Returns: whether there was one.
    func undo() async throws -> Bool {
        if shown.popLast() != nil { return true }
        guard await conversation.undo() != nil else { return false }
        if !pictures.isEmpty { pictures.removeLast() }
        try await save()
        return true
    }

    /// Begins anew.
    func reset() async throws {
        await conversation.reset()
        (shown, pictures) = ([], [])
        try await save()
    }

    // MARK: Keeping

    /// Keeps the conversation in a folder from now on.
    func keep(in typed: String) async throws {
        folder = try ChatFolder(typed, continuing: false)
        try await save()
    }

    /// The file of a picture, once it is saved.
    func name(of picture: ChatFolder.Picture) -> String? { folder?.name(of: picture) }

    /// Writes the conversation to its folder, if it has one.
    func save() async throws {
        guard folder != nil else { return }
        let style = conversation.style
        let turns = await conversation.turns
        let tokenizer = try? conversation.model.tokenizer()
        let record = ChatRecord(
            version: ChatRecord.currentVersion, program: "FlashU \(FlashUVersion.current)", model: geometry.name,
            modelHash: provenance.modelHash, template: style.template.rawValue, imageTime: style.imageTime.rawValue,
            videoMask: style.videoMask.defaultValueDescription, context: style.context, seed: settings.seed,
            turns: turns.map { turn in
                ChatRecord.Turn(
                    ending: turn.ending,
                    parts: turn.parts.map { part in
                        switch part.content {
                        case .tokens(let ids):
                            ChatRecord.Part(
                                author: part.author, text: part.author == .template ? nil : tokenizer?.decode(ids),
                                ids: ids)
                        case .image(_, let padding):
                            ChatRecord.Part(author: part.author, padding: padding.isEmpty ? nil : padding.sorted())
                        case .video(_, let padding, let changes):
                            ChatRecord.Part(
                                author: part.author, video: true, padding: padding.isEmpty ? nil : padding.sorted(),
                                changes: changes)
                        }
                    })
            })
        try folder?.write(record, zip(turns, pictures).map { ($0, $1) })
    }
}
