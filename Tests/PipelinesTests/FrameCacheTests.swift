import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing

/// What of a video's frames is read again.
@Suite struct FrameCacheTests {
    static func cache(_ threshold: Double, margin: Int = 1) -> AccelerationProfile.FrameCache {
        var cache = AccelerationProfile.FrameCache()
        (cache.threshold, cache.margin) = (threshold, margin)
        return cache
    }

    /// A grey frame of the shapes model's size, 128 x 128 (8 x 8 tokens, 4 x 4 cells), one rectangle of it of another grey.
    static func frame(_ ground: UInt8, _ other: UInt8? = nil, x: Range<Int> = 0..<0, y: Range<Int> = 0..<0) throws
        -> RGBImage
    {
        var pixels = [UInt8](repeating: ground, count: 128 * 128 * 3)
        for row in y {
            for column in x { for i in 0..<3 { pixels[(row * 128 + column) * 3 + i] = other ?? ground } }
        }
        return try RGBImage(width: 128, height: 128, pixels: pixels)
    }

    static func geometry() throws -> ShowO2Geometry {
        try ShowO2Geometry(folder: ShapesModel.folder, weights: openWeights(in: ShapesModel.folder))
    }

    @Test("Only cells that look different are read, and only their part passes the VAE")
    func changes() throws {
        let geometry = try Self.geometry()
        var memory = FrameMemory(Self.cache(0.02), geometry.readingGrid, geometry)
        let whole = TokenRectangle(rows: 0..<8, columns: 0..<8)
        let first = memory.news(of: try Self.frame(100))
        #expect(first.cells == Array(0..<16))
        #expect(first.part?.encoded == whole)
        // 5 of 255 are 0.0196.
        #expect(memory.news(of: try Self.frame(105)).cells.isEmpty)
        #expect(memory.news(of: try Self.frame(100)).part == nil)
        // A cell of 32 x 32 pixels: tokens 2, 3 in both directions.
        var news = memory.news(of: try Self.frame(100, 200, x: 40..<50, y: 36..<60))
        #expect(news.cells == [5])
        #expect(news.part?.new == TokenRectangle(rows: 2..<4, columns: 2..<4))
        #expect(news.part?.encoded == TokenRectangle(rows: 1..<5, columns: 1..<5))
        // It is still there, and something at the edge comes.
        news = memory.news(of: try Self.frame(100, 200, x: 40..<50, y: 36..<60))
        #expect(news.cells.isEmpty)
        news = memory.news(of: try Self.frame(100, 200, x: 100..<128, y: 0..<30))
        #expect(news.cells == [3, 5])
        #expect(news.part?.new == TokenRectangle(rows: 0..<4, columns: 2..<8))
        #expect(news.part?.encoded == TokenRectangle(rows: 0..<5, columns: 1..<8))
        // Where little would be left out all passes the VAE, but no more cells are read.
        news = memory.news(of: try Self.frame(100, 0, x: 0..<128, y: 40..<100))
        #expect(news.cells == Array(3..<16))
        #expect(news.part?.encoded == whole && news.part?.new == whole)
    }

    @Test("What changes slowly is read when the changes have added up")
    func drift() throws {
        let geometry = try Self.geometry()
        var memory = FrameMemory(Self.cache(0.05), geometry.readingGrid, geometry)
        // 0.05 are 12.75 levels.
        let read = try (0..<30).map { !memory.news(of: try Self.frame(UInt8(100 + 3 * $0))).cells.isEmpty }
        #expect(read.indices.filter { read[$0] } == [0, 5, 10, 15, 20, 25])
    }

    @Test("Without a threshold every frame is new")
    func off() throws {
        let geometry = try Self.geometry()
        var memory = FrameMemory(Self.cache(0), geometry.readingGrid, geometry)
        for _ in 0..<3 { #expect(memory.news(of: try Self.frame(7)).cells.count == 16) }
    }

    static let questions = ["what color is the circle?", "how many squares are there?", "describe the image."]

    func ask(_ frames: [RGBImage], _ changes: String, posteriorSeed: UInt64? = nil) async throws -> (
        tokens: [[Int]], kept: [[Int]], flops: Int
    ) {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        var request = ImageQuestion.Request(
            sources: [.video(try StoredFrames(frames))], questions: Self.questions.map { .text($0) }, maxTokens: 12,
            posteriorSeed: posteriorSeed, profile: changes.isEmpty ? .off : try AccelerationProfile.named(changes))
        request.videoMask = .full
        var answers: [ImageQuestion.Answer] = []
        var kept: [[Int]] = []
        var encoded: [Int] = []
        for try await event in ImageQuestion(model).ask(request) {
            switch event {
            case .encoded(let done, let total):
                encoded.append(done)
                #expect(total == frames.count)
            case .imageRead(let tokens): kept = tokens
            case .answer(let answer): answers.append(answer)
            case .text: break
            }
        }
        #expect(encoded == Array(1...frames.count))
        return (answers.map(\.tokens), kept, answers[0].timings.imageFlops)
    }

    static func drawing(_ number: Int) throws -> RGBImage {
        try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/00\(number).png"))
            .resizedCovering(width: 128, height: 128)
    }

    @Test("A film of still pictures is answered as without, for a fraction of the work")
    func still() async throws {
        let (a, b) = (try Self.drawing(0), try Self.drawing(1))
        let frames = [a, a, a, b, b, b]
        let exact = try await ask(frames, "")
        let reused = try await ask(frames, "frameCache.threshold=0.0001")
        #expect(reused.tokens == exact.tokens)
        #expect(reused.kept.isEmpty)
        #expect(2 * reused.flops < exact.flops)
        let vanished = try await ask(frames, "frameCache.threshold=0.0001; frameCache.unchanged=vanish")
        #expect(vanished.kept.map(\.isEmpty) == [false, true, true, false, true, true])
        #expect(vanished.flops < reused.flops)
        // The posterior's noise is each frame's own, so a frame that is reused has another than it would have: the first three do not.
        let sampled = try await ask([a, b], "frameCache.threshold=0.0001", posteriorSeed: 3)
        #expect(sampled.tokens == (try await ask([a, b], "", posteriorSeed: 3)).tokens)
    }

    /// The part that changed is encoded with what surrounds it cut off; its latents must still be those of the frame, nearly.
    @Test("Parts that passed the VAE alone are near the whole frame's", arguments: [1, 2])
    func parts(margin: Int) async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let a = try Self.drawing(0)
        // With a blue square in it.
        var pixels = a.pixels
        for row in 8..<44 {
            for column in 8..<44 {
                pixels.replaceSubrange((row * 128 + column) * 3..<(row * 128 + column + 1) * 3, with: [40, 80, 220])
            }
        }
        let mixed = try RGBImage(width: 128, height: 128, pixels: pixels)
        let film = FilmEncoding(Self.cache(0.01, margin: margin), model.geometry.readingGrid, model.geometry)
        let vae = try model.vae()
        func encode(_ image: RGBImage) throws -> [Float] {
            try vae.encode(.init(image.normalizedPlanar(), shape: [3, image.height, image.width])).mean.floats()
        }
        for frame in [a, mixed] {
            guard let part = film.next(frame) else { return #expect(Bool(false), "the frame is all old") }
            film.append(
                try vae.encode(.init(part.normalizedPlanar(), shape: [3, part.height, part.width])).mean)
        }
        let piece = film.piece(mask: .full, padding: [])
        let changes = try #require(piece.changes)
        #expect(changes.cells[0].count == 16 && (1...9).contains(changes.cells[1].count))
        #expect(piece.latents.rows(0..<1).floats() == (try encode(a)))
        let (own, whole, before) = (piece.latents.rows(1..<2).floats(), try encode(mixed), try encode(a))
        let error = relativeError(own, whole)
        #expect(error < 0.1 && error < relativeError(before, whole) / 4, "\(error)")
    }
}
