import ArgumentParser
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Tokenizers

/// `--script`: lines are carried out one after the other, and one JSON object is printed for each turn.
struct ChatScriptRun {
    private let lines: [(number: Int, line: ChatLine)]
    /// Images are named after it where the conversation is not saved.
    private let name: String
    /// Images that lines show, by line, read before the model is loaded.
    private let images: [Int: (piece: PromptPiece, picture: ChatFolder.Picture)]

    /// Reads all images that are shown, so that one that can't be read is refused before anything is computed.
    /// - Throws: ``CommandError`` that names the line.
    init(
        _ lines: [(number: Int, line: ChatLine)], file: URL?, _ options: ImageOptions, _ geometry: ShowO2Geometry
    ) throws {
        self.lines = lines
        name = file.map { $0.deletingPathExtension().path } ?? "chat"
        var images: [Int: (piece: PromptPiece, picture: ChatFolder.Picture)] = [:]
        for (number, line) in lines {
            do {
                switch line {
                case .image(let path):
                    let picture = try options.read(
                        InputFile(ListPaths.nearest(path, to: file), "the image"), for: geometry)
                    images[number] = (picture.source, ChatFolder.Picture(picture.image))
                case .video(let path):
                    let path = ListPaths.nearest(path, to: file)
                    guard FileManager.default.fileExists(atPath: URL(userPath: path).path) else {
                        throw CommandError("the video: there is no file \(path)")
                    }
                case .size(let width, let height): _ = try geometry.grid(width: width, height: height)
                default: break
                }
            } catch {
                throw CommandError("line \(number) of the script: \(error)")
            }
        }
        self.images = images
        self.file = file
    }

    private let file: URL?

    /// Carries the lines out. A turn that fails is told in its place, and the others follow.
    /// - Throws: `ExitCode` 1 when one failed.
    func run(_ session: ChatSession) async throws {
        var failed = false
        var drawn = 0
        for (number, line) in lines {
            do {
                switch line {
                case .text(let text): try await turn(number, text, draws: false, session, &drawn)
                case .go: try await turn(number, nil, draws: false, session, &drawn)
                case .draw(let prompt): try await turn(number, prompt, draws: true, session, &drawn)
                case .image: if let image = images[number] { session.show(image) }
                case .video(let path): session.show(try await session.video(ListPaths.nearest(path, to: file)))
                case .undo: _ = try await session.undo()
                case .reset: try await session.reset()
                case .seed(let seed): session.settings.seed = seed ?? Seed.random().value
                case .size(let width, let height): (session.settings.width, session.settings.height) = (width, height)
                case .save(let folder):
                    if let folder {
                        try await session.keep(in: folder)
                    } else if session.folder == nil {
                        throw CommandError("nothing says which folder to save to")
                    }
                case .help: break
                case .quit: return
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch let error where !(error is ExitCode) {
                failed = true
                try Terminal.write(json(Report(line: number, error: "\(error)")))
                Terminal.error("line \(number): \(error)")
            }
        }
        if failed { throw ExitCode(1) }
    }

    private func turn(
        _ number: Int, _ text: String?, draws: Bool, _ session: ChatSession, _ drawn: inout Int
    ) async throws {
        let progress = ProgressLine("line \(number)")
        let result = try await session.turn(text, draws: draws) { event in
            if case .step(let step) = event { progress.show(step.done, of: step.total) }
        }
        Terminal.clearProgress()
        let pictures = session.pictures.last?.suffix(result.images.count) ?? []
        var seen = zip(pictures, result.images).map { ($0, $1) }[...]
        let tokenizer = try session.conversation.model.tokenizer()
        var parts: [Report.Part] = []
        for part in result.turn.parts where part.author == .model {
            switch part.content {
            case .tokens(let ids): parts.append(.init(text: tokenizer.decode(ids), tokens: ids))
            case .image, .video:
                guard let (picture, image) = seen.popFirst() else { continue }
                drawn += 1
                parts.append(
                    .init(
                        image: try file(of: picture, image, number: drawn, session), seed: image.seed,
                        width: image.settings.width, height: image.settings.height, cfgScale: image.settings.guidance))
            }
        }
        let length = await session.conversation.length
        try Terminal.write(
            json(
                Report(
                    line: number, turn: session.pictures.count, parts: parts, ending: result.turn.ending,
                    read: result.turn.reading, length: length, seconds: result.seconds)))
    }

    /// Where an image is, written if the conversation is not saved.
    private func file(
        of picture: ChatFolder.Picture, _ image: TextToImage.Drawn, number: Int, _ session: ChatSession
    ) throws -> String? {
        if let folder = session.folder, let name = session.name(of: picture) {
            return folder.url.appendingPathComponent(name + ".png").path
        }
        guard let pixels = picture.image else { return nil }
        let output = OutputFile("\(name)-\(number).png", "--script")
        try output.write(pixels.pngData(text: picture.parameters.map { [(GenerationParameters.pngKey, $0)] } ?? []))
        return output.shown
    }

    private func json(_ report: Report) throws -> String {
        String(decoding: try StableJSON.data(report), as: UTF8.self)
    }

    /// What is printed for a line.
    private struct Report: Encodable {
        struct Part: Encodable {
            var text: String?
            var tokens: [Int]?
            var image: String?
            var seed: UInt64?
            var width: Int?
            var height: Int?
            var cfgScale: Float?

            enum CodingKeys: String, CodingKey {
                case text, tokens, image, seed, width, height
                case cfgScale = "cfg_scale"
            }
        }
        var line: Int
        var turn: Int?
        var parts: [Part]?
        var ending: Conversation.Ending?
        var read: Conversation.Reading?
        /// Tokens of the conversation.
        var length: Int?
        var seconds: Double?
        var error: String?
    }
}
