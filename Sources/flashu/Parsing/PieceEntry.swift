package import Foundation
import Tensors

/// One piece of a `--pieces` list as it is written, nothing opened yet.
package enum PieceEntry: Sendable, Equatable {
    case text(String)
    case ids([Int])
    case image(String)
    case video(String)
    /// Rows of the tensor `image_latents` of a file.
    case latents(file: String, first: Int, count: Int, isVideo: Bool, time: Float)

    /// Bytes that a list may have.
    package static let mostBytes = 64 << 20

    /// Reads a list.
    /// - Parameter name: what messages call it.
    /// - Throws: ``CommandError``.
    package static func list(_ data: Data, name: String) throws(CommandError) -> [PieceEntry] {
        guard case .array(let values) = try ParsedJSON.value(data, at: name) else {
            throw CommandError("\(name): a JSON list of pieces is needed, such as [{\"text\": \"a red circle\"}]")
        }
        guard !values.isEmpty else { throw CommandError("\(name) holds no pieces") }
        var entries: [PieceEntry] = []
        for (i, value) in values.enumerated() {
            let place = "\(name), piece \(i + 1)"
            guard case .object(let object) = value else { throw CommandError("\(place) is no object") }
            entries.append(try PieceEntry(object, at: place))
        }
        return entries
    }

    private init(_ object: JSONObject, at place: String) throws(CommandError) {
        let (name, value) = try ParsedJSON.only(
            of: ["text", "ids", "image", "video", "latents"], beside: ["kind", "time"], in: object, at: place)
        if name != "latents", object["kind"] != nil || object["time"] != nil {
            throw CommandError("\(place): kind and time belong to latents")
        }
        switch (name, value) {
        case ("text", .string(let text)): self = .text(text)
        case ("image", .string(let path)): self = .image(path)
        case ("video", .string(let path)): self = .video(path)
        case ("ids", .array(let values)):
            var ids: [Int] = []
            for value in values {
                guard case .integer(let id) = value else { throw CommandError("\(place): ids are whole numbers") }
                ids.append(id)
            }
            self = .ids(ids)
        case ("latents", .array(let values)):
            guard values.count == 3, case .string(let file) = values[0], case .integer(let first) = values[1],
                case .integer(let count) = values[2]
            else { throw CommandError("\(place): latents are [FILE, FIRST, COUNT]") }
            let isVideo: Bool
            switch object["kind"] {
            case nil, .string("image"): isVideo = false
            case .string("video"): isVideo = true
            default: throw CommandError("\(place): kind is \"image\" or \"video\"")
            }
            let time: Double
            switch object["time"] {
            case nil: time = 1
            case .integer(let whole): time = Double(whole)
            case .real(let real): time = real
            default: throw CommandError("\(place): time is a number")
            }
            self = .latents(file: file, first: first, count: count, isVideo: isVideo, time: Float(time))
        case ("latents", _): throw CommandError("\(place): latents are [FILE, FIRST, COUNT]")
        case ("ids", _): throw CommandError("\(place): ids are a list of whole numbers")
        default: throw CommandError("\(place): \(name) must be a text")
        }
    }
}
