import Compute
import Images
import ShowO2
import Tensors
import Tokenizers

/// The pieces of a prompt, checked and counted before anything is computed.
struct PieceLayout {
    /// One piece.
    enum Part {
        case text([Int])
        /// So many images of so many tokens.
        case images(count: Int, tokens: Int)
        /// Frames, whose tokens become fewer.
        case video(frames: Int, pooling: FramePooling)
    }

    /// In order.
    let parts: [Part]

    /// - Parameters:
    ///   - limit: tokens of an image at most; nil = none.
    ///   - reading: the size at which pictures are read; nil = the model's own.
    ///   - tokenizer: opens the folder's tokenizer, where there is text.
    /// - Throws: `ModelError`, `TokenizerError`, `ImageError`.
    init(
        _ pieces: [PromptPiece], _ geometry: ShowO2Geometry, limit: Int? = nil, reading: ReadingSize? = nil,
        tokenizer: () throws -> Tokenizer
    ) throws {
        let own = reading?.grid ?? geometry.readingGrid
        parts = try pieces.map { piece in
            switch piece {
            case .text(let text, let special): return try .text(tokenizer().encode(text, special: special))
            case .ids(let ids):
                try geometry.check(ids)
                return .text(ids)
            case .image: return .images(count: 1, tokens: own.tokens)
            case .letterboxed(let image, _):
                try Letterbox.check(width: image.width, height: image.height, geometry)
                return .images(count: 1, tokens: own.tokens)
            case .latents(let latents, let kind, let time):
                guard time.isFinite else { throw ModelError.request("the time of latents must be a finite number") }
                guard let grid = try? geometry.frameGrid(of: latents.toFloat32()),
                    limit.map({ grid.tokens <= $0 }) ?? true
                else {
                    throw ModelError.request(
                        "image latents of shape \(latents.shape) don't fit; [1, \(geometry.latentChannels), h, w] with at most "
                            + "\(limit ?? geometry.readingGrid.tokens) tokens of \(geometry.patch) x \(geometry.patch) is needed"
                    )
                }
                return kind == .video
                    ? .video(frames: latents.shape[0], pooling: FramePooling(grid, geometry))
                    : .images(count: latents.shape[0], tokens: grid.tokens)
            case .video(let frames):
                try Letterbox.check(width: frames.width, height: frames.height, geometry)
                return .video(frames: frames.count, pooling: FramePooling(own, geometry))
            }
        }
    }

    /// Pieces that are ready to be read.
    /// - Throws: `ModelError` for latents of another shape.
    init(_ pieces: [Piece], _ geometry: ShowO2Geometry) throws(ModelError) {
        var parts: [Part] = []
        for piece in pieces {
            switch piece {
            case .text(let ids): parts.append(.text(ids))
            case .image(let image): parts.append(.images(count: 1, tokens: try geometry.tokens(of: image.latents)))
            case .video(let video):
                parts.append(
                    .video(
                        frames: video.latents.shape[0],
                        pooling: FramePooling(try geometry.frameGrid(of: video.latents), geometry)))
            }
        }
        self.parts = parts
    }

    private init(parts: [Part]) { self.parts = parts }

    /// One after the other.
    static func + (first: PieceLayout, second: PieceLayout) -> PieceLayout {
        PieceLayout(parts: first.parts + second.parts)
    }

    /// Token ids, all pieces together.
    var textTokens: Int {
        parts.reduce(0) { if case .text(let ids) = $1 { $0 + ids.count } else { $0 } }
    }

    /// Tokens of each image.
    var imageTokens: [Int] {
        parts.flatMap { part -> [Int] in
            guard case .images(let count, let tokens) = part else { return [] }
            return Array(repeating: tokens, count: count)
        }
    }

    /// Of each video its frames, a frame's tokens before and after they become fewer.
    var videos: [MemoryEstimate.Video] {
        parts.compactMap {
            guard case .video(let frames, let pooling) = $0 else { return nil }
            return .init(frames: frames, tokens: pooling.source.tokens, cells: pooling.pooled.tokens)
        }
    }

    /// Tokens that the language model reads: text, and of each image and video boi, time token, its own and eoi.
    var length: Int {
        imageTokens.reduce(textTokens) { $0 + $1 + 3 } + videos.reduce(0) { $0 + $1.frames * $1.cells + 3 }
    }

    /// The last token, if a text ends the prompt.
    var lastToken: Int? { if case .text(let ids) = parts.last { ids.last } else { nil } }

    /// Refuses what is longer than the language model's context, saying how many frames or images would fit.
    ///
    /// - Parameter extra: tokens that follow, kind by kind: a question, an answer, an image that will be drawn. They may be absurdly many.
    /// - Throws: ``ModelError/request(_:)``.
    func check(extra counts: Int...) throws(ModelError) {
        let limit = TokenSequence.longest
        let extra = counts.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        let (needed, overflow) = length.addingReportingOverflow(extra)
        guard overflow || needed > limit else { return }
        var advice = ""
        if let video = videos.max(by: { $0.frames * $0.cells < $1.frames * $1.cells }) {
            let others = length - video.frames * video.cells
            let fit = overflow ? 0 : max(0, (limit - others - extra) / video.cells)
            advice = fit > 0 ? "; \(fit) frames would fit instead of \(video.frames)" : ""
        } else if let image = imageTokens.max(), imageTokens.count > 1 {
            let fit = overflow ? 0 : max(0, (limit - textTokens - extra) / (image + 3))
            advice = fit > 0 ? "; \(fit) images would fit instead of \(imageTokens.count)" : ""
        }
        throw .request(
            "a sequence of \(length) tokens and \(extra) to come are longer than the \(limit) tokens that the language model reads"
                + advice)
    }
}
