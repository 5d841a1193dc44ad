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
    private let entries: [PieceEntry]
    private let file: InputFile

    /// Reads the list.
    /// - Throws: ``CommandError``.
    init(_ file: InputFile) throws(CommandError) {
        self.file = file
        entries = try PieceEntry.list(file.data(limit: PieceEntry.mostBytes), name: file.shown)
    }

    /// Whether the model's answer also ends where it would begin an image: where nothing is seen, or only what stands for no finished image, as in the
    /// official mixed modality.
    var endsAtImage: Bool {
        entries.allSatisfy { entry in
            switch entry {
            case .text, .ids: true
            case .image, .video: false
            case .latents(_, _, _, _, let time): time != 1
            }
        }
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
            switch entry {
            case .text(let text): pieces.append(.text(text, special: .recognise))
            case .ids(let ids): pieces.append(.ids(ids))
            case .image(let image):
                let file: InputFile = try plan.reads(ListPaths.nearest(image, to: file.url), role)
                pieces.append(try pictures.read(file, for: geometry).source)
            case .video(let video):
                let file: InputFile = try plan.reads(ListPaths.nearest(video, to: file.url), role)
                pieces.append(.video(try await videos.read(file, for: geometry)))
            case .latents(let name, let first, let rows, let isVideo, let time):
                let path = ListPaths.nearest(name, to: file.url)
                if opened[path] == nil {
                    opened[path] = try (plan.reads(path, role) as InputFile).tensors().tensor("image_latents")
                }
                guard let all = opened[path], let count = all.shape.first, all.shape.count == 4, first >= 0, rows > 0,
                    first < count, rows <= count - first
                else {
                    throw CommandError(
                        "\(role): the tensor image_latents of \(name) has the shape \(opened[path]?.shape ?? []); rows \(first) and \(rows) "
                            + "from there are not among [n, 16, h, w]")
                }
                pieces.append(
                    .latents(all.rows(first..<first + rows), kind: isVideo ? .video : .image, time: time))
            }
        }
        return pieces
    }
}
