import Compute
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors

/// A conversation as it is kept in a folder: `conversation.json`, `conversation.md`, and of each image a PNG and its latents, which what follows depends on.
struct ChatRecord: Codable {
    static let fileName = "conversation.json"
    static let currentVersion = 1
    /// Bytes that the file may have.
    static let mostBytes = 64 << 20

    var version: Int
    /// The program that wrote it.
    var program: String
    var model: String
    var modelHash: String
    var template: String
    var imageTime: String
    var videoMask: String
    var context: Int
    /// Of the choices to come.
    var seed: UInt64
    var turns: [Turn]

    struct Turn: Codable {
        var ending: Conversation.Ending
        var parts: [Part]
    }

    /// One part: tokens with their text, or what is seen with its files.
    struct Part: Codable {
        var author: Conversation.Author
        var text: String?
        var ids: [Int]?
        /// A PNG of what is seen.
        var image: String?
        /// A safetensors file with the tensor `image_latents`, which `--pieces` reads too.
        var latents: String?
        var video: Bool?
        var padding: [Int]?
        /// What changes from frame to frame of a video; left out where all of each frame is read.
        var changes: VideoPiece.Changes?
    }

    /// Reads a folder's record.
    /// - Throws: ``CommandError``.
    static func read(_ folder: URL) throws(CommandError) -> ChatRecord {
        let file = try InputFile(folder.appendingPathComponent(fileName).path, "--continue")
        let data = try file.data(limit: mostBytes)
        let record: ChatRecord
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            record = try decoder.decode(ChatRecord.self, from: data)
        } catch {
            throw CommandError("--continue: \(file.shown) holds no conversation")
        }
        guard record.version == currentVersion else {
            throw CommandError(
                "--continue: \(file.shown) has version \(record.version); this program reads \(currentVersion)")
        }
        return record
    }

    /// What the record says of the whole conversation.
    /// - Throws: ``CommandError``.
    func style() throws(CommandError) -> Conversation.Style {
        var style = Conversation.Style()
        guard let template = Conversation.Template(rawValue: template),
            let imageTime = Conversation.ImageTime(rawValue: imageTime),
            let videoMask = VideoPiece.Mask(argument: videoMask)
        else { throw CommandError("--continue: the conversation has a template, time or mask that there is not") }
        (style.template, style.imageTime, style.videoMask, style.context) = (template, imageTime, videoMask, context)
        return style
    }

    /// The turns, latents read from the folder's files.
    /// - Throws: ``CommandError``, `WeightError`.
    func turns(in folder: URL) throws -> [Conversation.Turn] {
        try turns.enumerated().map { i, turn in
            try Conversation.Turn(
                parts: turn.parts.map { part in
                    let place = "turn \(i + 1) of \(folder.path)"
                    if let ids = part.ids { return Conversation.Part(part.author, .tokens(ids)) }
                    guard let name = part.latents, Self.isPlain(name) else {
                        throw CommandError("\(place) has neither tokens nor latents")
                    }
                    let latents = try openWeights(file: folder.appendingPathComponent(name)).tensor("image_latents")
                        .toFloat32()
                    guard latents.shape.count == 4 else {
                        throw CommandError("\(place): \(name) has latents of shape \(latents.shape)")
                    }
                    let padding = Set(part.padding ?? [])
                    return Conversation.Part(
                        part.author,
                        part.video == true
                            ? .video(latents: latents, padding: padding, changes: part.changes)
                            : .image(latents: latents, padding: padding))
                }, ending: turn.ending)
        }
    }

    /// Whether a name is one of a file in the folder itself.
    static func isPlain(_ name: String) -> Bool { !name.isEmpty && !name.contains("/") && name != "." && name != ".." }
}
