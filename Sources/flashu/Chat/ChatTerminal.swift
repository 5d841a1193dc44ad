import ArgumentParser
import Foundation
import Images
import Pipelines
import ShowO2

/// A conversation with a person at a terminal.
struct ChatTerminal {
    private let session: ChatSession
    private let showing: PictureProtocol?
    private let reader = LineReader()

    init(_ session: ChatSession, showing: PictureProtocol?) { (self.session, self.showing) = (session, showing) }

    static let help = """
        What you type is said; an empty line lets the model go on.
          /draw [PROMPT]   the model draws an image
          /image FILE      shows an image with what you say next
          /video FILE      shows a video with what you say next
          /undo            takes the last turn back
          /reset           begins anew
          /save [FOLDER]   keeps the conversation in a folder
          /seed N          seed of what follows, or random
          /size WxH        size of images that follow
          /quit            leaves
        """

    func run() async throws {
        if Terminal.isInteractive { Terminal.note("/help lists the commands") }
        while let typed = try await reader.line("> ") {
            try Task.checkCancellation()
            do {
                guard try await handle(ChatLine(typed: typed)) else { return }
            } catch is CancellationError {
                try Task.checkCancellation()
                try Terminal.write("")
                Terminal.note("stopped")
            } catch let error where !(error is ExitCode) {  // which says that the terminal has gone
                Terminal.clearProgress()
                Terminal.error("\(error)")
            }
        }
        try Task.checkCancellation()
    }

    /// - Returns: whether to go on.
    private func handle(_ line: ChatLine) async throws -> Bool {
        switch line {
        case .text(let text): try await turn(text, draws: false)
        case .go: try await turn(nil, draws: false)
        case .draw(let prompt): try await turn(prompt, draws: true)
        case .image(let path):
            let seen = try session.image(path)
            session.show(seen)
            if let showing, let image = seen.picture.image { try Terminal.write(showing.bytes(image)) }
        case .video(let path): session.show(try await session.video(path))
        case .undo: if try await !session.undo() { Terminal.note("there is nothing to take back") }
        case .reset: try await session.reset()
        case .seed(let seed):
            session.settings.seed = seed ?? Seed.random().value
            Terminal.note("the seed is \(session.settings.seed)")
        case .size(let width, let height):
            _ = try session.conversation.model.geometry.grid(width: width, height: height)
            (session.settings.width, session.settings.height) = (width, height)
        case .save(let folder):
            if let folder {
                try await session.keep(in: folder)
            } else if session.folder == nil {
                throw CommandError("name a folder: /save FOLDER")
            } else {
                try await session.save()
            }
            if let folder = session.folder { Terminal.note("kept in \(folder.url.path)") }
        case .help: Terminal.note(Self.help)
        case .quit: return false
        }
        return true
    }

    private func turn(_ text: String?, draws: Bool) async throws {
        let showing = showing
        let progress = ProgressLine("drawing")
        let result = try await session.turn(text, draws: draws, stopsByKey: true) { event in
            switch event {
            case .encoded(let done, let total): if total > 1 { ProgressLine("reading").show(done, of: total) }
            case .text(let piece):
                Terminal.clearProgress()
                try Terminal.write(ModelText.shown(piece), terminator: "")
            case .drawing: try Terminal.write("")
            case .step(let step): progress.show(step.done, of: step.total)
            case .image(let image):
                Terminal.clearProgress()
                if let showing, let pixels = image.pixels {
                    try Terminal.write(showing.bytes(pixels))
                } else {
                    try Terminal.write(
                        "[an image of \(image.settings.width) x \(image.settings.height), seed \(image.seed)]")
                }
            case .turn: break
            }
        }
        Terminal.clearProgress()
        try Terminal.write("")
        switch result.turn.ending {
        case .cut: Terminal.hint("cut at the limit of tokens or rounds; an empty line goes on")
        case .full: Terminal.hint("the context is full; /undo or /reset")
        case .ended, .drawn, .cancelled: break
        }
        if session.folder == nil, !result.images.isEmpty, showing == nil {
            Terminal.hint("/save FOLDER writes the conversation and its images")
        }
    }
}
