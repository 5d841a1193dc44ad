import Compute
import FlashU
import Images
import ShowO2
import Tensors

/// The pieces of a prompt on their way into a sequence: text is tokenised, images and frames pass the VAE one by one.
final class PieceEncoding {
    /// What was asked for.
    let layout: PieceLayout
    /// What a sequence reads, once the stages have run.
    private(set) var pieces: [Piece] = []
    /// Images and frames that pass the VAE.
    let pixelCount: Int
    private var isAdded = false

    private let prompt: [PromptPiece]
    private let geometry: ShowO2Geometry
    private let reading: ReadingSize
    private let vae: WanVAE?
    private let posteriorSeed: UInt64?
    private let imageMask: ImagePiece.Mask?
    private let videoMask: VideoPiece.Mask
    private let frameCache: AccelerationProfile.FrameCache

    /// - Parameters:
    ///   - imageMask: of every image; nil = the mask of understanding for images at time 1, and that of generation for all others, as the official
    ///     `mmu_generate` and `mm_generate` have them.
    ///   - posteriorSeed: the seed of the posterior's noise; nil = its mean.
    ///   - imageLimit: tokens of an image at most; nil = none.
    ///   - frameCache: what of a video's frames is not read again.
    ///   - reading: the size at which pictures are read.
    /// - Throws: `ModelError`, `TokenizerError`, `ImageError`, and errors of the VAE's file.
    init(
        _ prompt: [PromptPiece], on model: UnifiedModel, imageMask: ImagePiece.Mask? = nil,
        videoMask: VideoPiece.Mask = .official, posteriorSeed: UInt64? = nil, imageLimit: Int? = nil,
        frameCache: AccelerationProfile.FrameCache = .init(), reading: AccelerationProfile.Reading = .init()
    ) throws {
        self.frameCache = frameCache
        geometry = model.geometry
        let size = geometry.reading(at: reading.scale)
        self.reading = size
        layout = try PieceLayout(prompt, geometry, limit: imageLimit, reading: size, tokenizer: model.tokenizer)
        // Pictures are fitted now, so that one that can't be is refused before anything is computed.
        self.prompt = try prompt.map { piece in
            switch piece {
            case .image(let image): try .image(image.fitted(to: size))
            case .letterboxed(let image, let picture):
                try .letterboxed(
                    image.fitted(to: size), picture: picture.scaled(from: image.width, image.height, to: size))
            case .text, .ids, .latents, .video: piece
            }
        }
        var pixels = 0
        for piece in prompt {
            switch piece {
            case .image, .letterboxed: pixels += 1
            case .video(let frames): pixels += frames.count
            case .text, .ids, .latents: break
            }
        }
        pixelCount = pixels
        vae = pixels > 0 ? try model.vae() : nil
        (self.imageMask, self.videoMask, self.posteriorSeed) = (imageMask, videoMask, posteriorSeed)
    }

    /// The videos whose frames will be waited for.
    var frameSources: [any FrameSource] {
        prompt.compactMap { if case .video(let frames) = $0 { frames } else { nil } }
    }

    /// Adds what the VAE takes while it encodes.
    func addVAE(to estimate: inout MemoryEstimate) throws {
        guard let vae else { return }
        let memory = try vae.memory(.encoding, width: reading.width, height: reading.height)
        estimate.vae = max(estimate.vae, memory.intermediates)
        estimate.vaeWeights += memory.weights
        estimate.beginsWithVAE = true
    }

    /// Adds the stages that make ``pieces``; none when they were added before, for another image of the same prompt.
    ///
    /// - Parameter encoded: told after each image and frame how many there were.
    func add(to stages: Stages, encoded: @escaping (Int) -> Void = { _ in }) {
        guard !isAdded else { return }
        isAdded = true
        let workspace = Workspace()  // the VAE's, gone with the last stage that needs it
        var done = 0
        func tell() {
            done += 1
            encoded(done)
        }
        /// Adds the stages of the VAE; `then` is given latents `[channels, height, width]`.
        func encode(_ image: RGBImage, noise: @escaping (Int) -> [Float], then: @escaping (Tensor) -> Void) throws {
            guard let vae else { return }
            let planar = Tensor(image.normalizedPlanar(), shape: [3, image.height, image.width])
            try vae.addEncoding(to: stages, planar, in: workspace) { [self] posterior in
                let latents =
                    posteriorSeed == nil ? posterior.mean : posterior.sample(noise: noise(posterior.mean.count))
                guard latents.isFinite else { throw ModelError.notFinite("the image's latents") }
                then(latents)
                tell()
            }
        }
        let seed = posteriorSeed ?? 0
        func addImage(_ image: RGBImage, padding: Set<Int>) {
            stages.add { [self] in
                try encode(image, noise: { ImageQuestion.posteriorNoise(seed: seed, count: $0) }) { [self] in
                    pieces.append(self.image($0.reshaped([1] + $0.shape), padding: padding))
                }
            }
        }
        for (i, piece) in prompt.enumerated() {
            switch piece {
            case .text, .ids:
                stages.add { [self] in if case .text(let ids) = layout.parts[i] { pieces.append(.text(ids)) } }
            case .latents(let latents, let kind, let time):
                stages.add { [self] in
                    let latents = latents.toFloat32()
                    guard latents.isFinite else { throw ModelError.notFinite("the image's latents") }
                    switch kind {
                    case .video: pieces.append(.video(VideoPiece(latents: latents, time: time, mask: videoMask)))
                    case .image:
                        for n in 0..<latents.shape[0] { pieces.append(image(latents.rows(n..<n + 1), time: time)) }
                    }
                }
            case .image(let image): addImage(image, padding: [])
            case .letterboxed(let image, let picture): addImage(image, padding: padding(picture))
            case .video(let frames):
                // One generator for all frames, as for a batch of images.
                var generator = TorchNoise(seed: seed)
                let film = FilmEncoding(frameCache, reading.grid, geometry)
                for frame in 0..<frames.count {
                    stages.add(waitingFor: AwaitedFrame(frames: frames, index: frame))
                    stages.add { [self] in
                        // Drawn for every frame, so that each has its own whatever is read of those before.
                        let noise = posteriorSeed == nil ? [] : generator.normal(film.latentCount)
                        guard let new = film.next(try frames.frame(frame).fitted(to: reading)) else { return tell() }
                        try encode(new, noise: { _ in film.cut(noise) }) { film.append($0) }
                    }
                }
                stages.add { [self] in
                    pieces.append(.video(film.piece(mask: videoMask, padding: pooledPadding(frames))))
                }
            }
        }
    }

    private func image(_ latents: Tensor, time: Float = 1, padding: Set<Int> = []) -> Piece {
        let mask = imageMask ?? (time == 1 ? .understanding : .generation)
        return .image(ImagePiece(latents: latents, time: time, mask: mask, padding: padding))
    }

    private func padding(_ picture: ImageFitting.Rectangle) -> Set<Int> {
        Letterbox.padding(reading.grid, side: geometry.pixelsPerToken, picture: picture)
    }

    /// The cells of a frame that look at bars only.
    private func pooledPadding(_ frames: any FrameSource) -> Set<Int> {
        let picture = frames.picture.scaled(from: frames.width, frames.height, to: reading)
        let (padding, pooling) = (padding(picture), FramePooling(reading.grid, geometry))
        return Set((0..<pooling.pooled.tokens).filter { pooling.sources(of: [$0]).allSatisfy(padding.contains) })
    }
}
