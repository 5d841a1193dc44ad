import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Tokenizers

/// A file of `--pieces`: everything that a sequence reads, exactly and in order.
///
/// A JSON list of `{"text": TEXT}` (special tokens in it count), `{"ids": [ID, ...]}`, `{"image": PATH}`, `{"video": PATH}` and
/// `{"latents": [FILE, FIRST, COUNT], "kind": "image" or "video", "time": T}`, rows of the tensor `image_latents` `[n, 16, h, w]`. Paths are those from the
/// list's folder, or from the working directory where there is no such file.
struct PieceList {
    /// The pieces, nothing read yet but the list.
    private let entries: [Entry]
    private let file: InputFile

    private struct Entry: Decodable {
        var text: String?
        var ids: [Int]?
        var image: String?
        var video: String?
        var latents: Rows?
        var kind: PromptPiece.LatentKind?
        var time: Float?

        struct Rows: Decodable {
            let file: String
            let first: Int
            let count: Int

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                file = try list.decode(String.self)
                first = try list.decode(Int.self)
                count = try list.decode(Int.self)
                guard list.isAtEnd else {
                    throw DecodingError.dataCorruptedError(
                        in: list, debugDescription: "latents are [FILE, FIRST, COUNT]")
                }
            }
        }
    }

    private static let names: Set = ["text", "ids", "image", "video", "latents", "kind", "time"]

    /// Reads the list.
    /// - Throws: ``CommandError``.
    init(_ file: InputFile) throws(CommandError) {
        self.file = file
        let data = try file.data(limit: 64 << 20)
        let list: [Any]
        do {
            guard let read = try JSONSerialization.jsonObject(with: data) as? [Any] else {
                throw CommandError(
                    "\(file.shown): a JSON list of pieces is needed, such as [{\"text\": \"a red circle\"}]")
            }
            list = read
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("\(file.shown) is not JSON: \(Self.reason(error))")
        }
        guard !list.isEmpty else { throw CommandError("\(file.shown) holds no pieces") }
        var entries: [Entry] = []
        for (i, piece) in list.enumerated() {
            let place = "\(file.shown), piece \(i + 1)"
            guard let fields = piece as? [String: Any] else { throw CommandError("\(place) is no object") }
            if let odd = fields.keys.sorted().first(where: { !Self.names.contains($0) }) {
                throw CommandError(
                    "\(place): it has no field \"\(odd.prefix(40))\"; there are \(Self.names.sorted().joined(separator: ", "))"
                )
            }
            guard fields.keys.count(where: { ["text", "ids", "image", "video", "latents"].contains($0) }) == 1 else {
                throw CommandError("\(place) must have one of text, ids, image, video and latents")
            }
            if fields["latents"] == nil, fields["kind"] != nil || fields["time"] != nil {
                throw CommandError("\(place): kind and time belong to latents")
            }
            do {
                entries.append(
                    try JSONDecoder().decode(Entry.self, from: JSONSerialization.data(withJSONObject: fields)))
            } catch {
                throw CommandError("\(place): \(Self.reason(error))")
            }
        }
        self.entries = entries
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
        default:
            let error = error as NSError
            return error.userInfo["NSDebugDescription"] as? String ?? error.localizedDescription
        }
    }

    /// Whether text would be needed a tokenizer for.
    var text: String { entries.compactMap(\.text).joined(separator: " ") }

    /// Whether the model's answer also ends where it would begin an image: where nothing is seen, or only what stands for no finished image, as in the
    /// official mixed modality.
    var endsAtImage: Bool {
        entries.allSatisfy { $0.image == nil && $0.video == nil && ($0.latents == nil || $0.time ?? 1 != 1) }
    }

    /// Opens what the list names.
    /// - Throws: ``CommandError``, `WeightError`, `ImageError`, `VideoError`.
    func pieces(
        _ plan: inout FilePlan, _ pictures: ImageOptions, _ videos: VideoOptions, for geometry: ShowO2Geometry
    ) async throws -> [PromptPiece] {
        var pieces: [PromptPiece] = []
        var opened: [String: Tensor] = [:]
        for (i, entry) in entries.enumerated() {
            let role = "piece \(i + 1) of \(file.shown)"
            if let text = entry.text { pieces.append(.text(text, special: .recognise)) }
            if let ids = entry.ids { pieces.append(.ids(ids)) }
            if let image = entry.image {
                let file: InputFile = try plan.reads(path(image), role)
                pieces.append(try pictures.read(file, for: geometry).source)
            }
            if let video = entry.video {
                let file: InputFile = try plan.reads(path(video), role)
                pieces.append(.video(try await videos.read(file, for: geometry)))
            }
            if let rows = entry.latents {
                let path = path(rows.file)
                if opened[path] == nil {
                    opened[path] = try (plan.reads(path, role) as InputFile).tensors().tensor("image_latents")
                }
                guard let all = opened[path], let count = all.shape.first, all.shape.count == 4, rows.first >= 0,
                    rows.count > 0,
                    rows.first < count, rows.count <= count - rows.first
                else {
                    throw CommandError(
                        "\(role): the tensor image_latents of \(rows.file) has the shape \(opened[path]?.shape ?? []); rows \(rows.first) and \(rows.count) "
                            + "from there are not among [n, 16, h, w]")
                }
                pieces.append(
                    .latents(
                        all.rows(rows.first..<rows.first + rows.count), kind: entry.kind ?? .image,
                        time: entry.time ?? 1))
            }
        }
        return pieces
    }

    private func path(_ typed: String) -> String {
        guard let folder = file.url?.deletingLastPathComponent(), !typed.hasPrefix("/"), !typed.hasPrefix("~") else {
            return typed
        }
        let near = folder.appendingPathComponent(typed).path
        return FileManager.default.fileExists(atPath: near) ? near : typed
    }
}
