import Compute
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Synchronization
import Tensors
import Testing

/// Images and videos that are read at less than the model's own size.
@Suite struct ReadingSizeTests {
    typealias Source = ImageQuestion.Request.Source

    static let questions = ["what color is the circle?", "describe the image."]

    static func profile(_ scale: Double) throws -> AccelerationProfile {
        try AccelerationProfile.off.setting("reading.scale", to: "\(scale)")
    }

    /// A picture of the shapes world, `width` x `height`.
    static func picture(_ number: Int = 0, _ width: Int = 128, _ height: Int = 128) throws -> RGBImage {
        try RGBImage(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/00\(number).png"))
            .fitted(.stretch, width: width, height: height).image
    }

    /// The logits along both answers, and what the image and the answers took.
    func read(_ sources: [Source], _ profile: AccelerationProfile, _ model: UnifiedModel) async throws -> (
        logits: [[Float]], flops: Int
    ) {
        let request = ImageQuestion.Request(
            sources: sources, questions: Self.questions.map { .text($0) }, maxTokens: 8, profile: profile)
        let answers = Mutex<[FollowedAnswer]>([])
        try await ImageQuestion(model).follow(request) { answer in answers.withLock { $0.append(answer) } }
        let all = answers.withLock { $0 }
        return (all.flatMap(\.logits), all[0].timings.imageFlops)
    }

    @Test(
        "Rows and columns are the share of the model's, rounded, one at least and all at most",
        arguments: [
            (1.0, 8), (0.94, 8), (0.9, 7), (0.75, 6), (0.5, 4), (0.1, 1), (0.0, 1), (-5, 1), (1e300, 8),
            (.infinity, 8), (-.infinity, 1), (.nan, 8),
        ] as [(Double, Int)])
    func sizes(scale: Double, side: Int) throws {
        let size = try ModelFolder(ShapesModel.folder).geometry.reading(at: scale)
        #expect(size.grid == TokenGrid(height: side, width: side))
        #expect(size.width == 16 * side && size.height == 16 * side)
    }

    @Test("A smaller image's answers are those about its pixels made smaller, for less work")
    func image() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let image = try Self.picture(0, 300, 200)
        let whole = try await read([.image(image)], .off, model)
        var last = whole.flops
        for scale in [0.75, 0.5] {
            let small = try await read([.image(image)], Self.profile(scale), model)
            let side = Int(128 * scale)
            let pixels = try image.resizedCovering(width: side, height: side)
            let latents = try model.vae().encode(
                Tensor(pixels.normalizedPlanar(), shape: [3, side, side])
            ).mean
            let same = try await read([.latents(latents.reshaped([1] + latents.shape))], .off, model)
            #expect(small.logits == same.logits)
            #expect(small.flops < last && small.logits != whole.logits)
            last = small.flops
        }
        // The share that is rounded to the whole size changes nothing.
        #expect(try await read([.image(image)], Self.profile(0.95), model).logits == whole.logits)
    }

    @Test("A frame keeps as many cells as it has at the model's own size, as long as it has them")
    func frames() async throws {
        let geometry = try ModelFolder(ShapesModel.folder).geometry
        for (side, cells) in [(8, 4), (6, 4), (4, 4), (3, 3), (1, 1), (9, 5), (16, 8)] {
            let pooling = FramePooling(TokenGrid(height: side, width: side), geometry)
            #expect(pooling.pooled == TokenGrid(height: cells, width: cells))
        }
        // Where there are no fewer, each is its own token.
        let same = FramePooling(TokenGrid(height: 4, width: 3), geometry)
        #expect((0..<12).allSatisfy { same.sources(of: [$0]) == [$0] })

        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let frames = try [Self.picture(0), Self.picture(1), Self.picture(1)]
        let whole = try await read([.video(StoredFrames(frames))], .off, model)
        let half = try await read([.video(StoredFrames(frames))], Self.profile(0.5), model)
        let latents = Tensor(zeros: [3, 16, 8, 8])
        for (n, frame) in try frames.map({ try $0.resized(width: 64, height: 64) }).enumerated() {
            let one = try model.vae().encode(Tensor(frame.normalizedPlanar(), shape: [3, 64, 64])).mean
            latents.rows(n..<n + 1).copy(from: one.reshaped([1, 16, 8, 8]))
        }
        let same2 = try await read([.latents(latents, kind: .video)], .off, model)
        #expect(half.logits == same2.logits && 2 * half.flops < whole.flops)
        // With frames left out as well that are the one before.
        let still = try [Self.picture(0), Self.picture(0), Self.picture(0)]
        let exact = try await read([.video(StoredFrames(still))], Self.profile(0.5), model)
        var profile = try Self.profile(0.5)
        profile.frameCache.threshold = 0.0001
        let reused = try await read([.video(StoredFrames(still))], profile, model)
        #expect(reused.logits == exact.logits && reused.flops < exact.flops)
    }

    @Test("What bars are is known at any size")
    func bars() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let (image, fitting) = try Self.picture(0, 256, 96).fitted(.pad, width: 128, height: 128)
        var profile = try Self.profile(0.75)
        profile.tokens.dropRatio = 0.01
        let request = ImageQuestion.Request(
            sources: [.letterboxed(image, picture: fitting.picture)], questions: [.text("what color is it?")],
            maxTokens: 2, profile: profile)
        var kept: [[Int]] = []
        for try await event in ImageQuestion(model).ask(request) {
            if case .imageRead(let tokens) = event { kept = tokens }
        }
        // The picture's 48 of 128 rows, 40 to 87, are 30 to 65 of 96: of 6 rows of tokens the second to the fifth.
        #expect(kept == [Array(6..<30)])
    }

    @Test("Memory is estimated for what is read")
    func memory() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let image = try Self.picture()
        func estimate(_ scale: Double) throws -> MemoryEstimate {
            let request = ImageQuestion.Request(
                sources: [.image(image)], questions: [.text("what color is it?")], profile: try Self.profile(scale))
            return try Answering(request, on: model) { _ in }.estimate
        }
        let (whole, half) = (try estimate(1), try estimate(0.5))
        #expect(half.vae < whole.vae && half.total < whole.total)
    }
}
