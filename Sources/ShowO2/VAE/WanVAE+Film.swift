public import Compute
public import Tensors

/// Videos: 1 + 4k frames of pixels are 1 + k frames of latents.
///
/// Official file: `models/wan21_vae.py`, `WanVAE_.encode` and `.decode`: the first frame alone, then four at a time. Frames go in one by one here, and what
/// comes out is handed over when it is due. What later frames look at, two frames of every convolution's input, is kept; it is bounded by the frames' size,
/// whatever their number.
extension WanVAE {
    /// Frames of pixels for a latent frame, but for the first.
    public static let timeScale = 4

    /// Frames of pixels that so many latent frames are; `latents` is 1 or more.
    public static func frames(ofLatents latents: Int) -> Int { 1 + timeScale * (latents - 1) }

    /// Latent frames that so many frames of pixels are; nil unless they are 1 + 4k.
    public static func latents(ofFrames frames: Int) -> Int? {
        frames > 0 && (frames - 1) % timeScale == 0 ? 1 + (frames - 1) / timeScale : nil
    }

    /// Pixels `[frames, 3, height, width]` in -1 ... 1 -> the posterior of each latent frame, in order.
    /// - Throws: ``ModelError/request(_:)`` for a number of frames that isn't 1 + 4k, or sides that aren't multiples of 8; ``ModelError`` when the file holds
    ///   the VAE for single images; `ComputeError`.
    public func encode(film pixels: Tensor) throws -> [Posterior] {
        guard pixels.shape.count == 4 else {
            throw ModelError.request("a video is [frames, 3, height, width], not \(pixels.shape)")
        }
        let (stages, frame) = (Stages(), Array(pixels.shape.dropFirst()))
        var posteriors: [Posterior] = []
        try addEncoding(
            to: stages, frames: pixels.shape[0], height: frame[1], width: frame[2],
            frame: { pixels.rows($0..<$0 + 1).reshaped(frame) }, each: { posteriors.append($1) })
        try stages.finish()
        return posteriors
    }

    /// Normalised latents `[frames, channels, h, w]` -> pixels `[1 + 4 (frames - 1), 3, 8h, 8w]`, not clamped. All frames are held; see
    /// ``addDecoding(to:film:each:)`` for one by one.
    /// - Throws: ``ModelError/request(_:)`` for other shapes, ``ModelError`` when the file holds the VAE for single images, `ComputeError`.
    public func decode(film latents: Tensor) throws -> Tensor {
        let stages = Stages()
        var out: Tensor?
        try addDecoding(to: stages, film: latents) { number, pixels in
            let all = out ?? Tensor(zeros: [Self.frames(ofLatents: latents.shape[0])] + pixels.shape)
            all.rows(number..<number + 1).copy(from: pixels)
            out = all
        }
        try stages.finish()
        guard let out else { preconditionFailure("there is a frame") }
        return out
    }

    /// Adds the stages of ``encode(film:)``, which take frames one by one and hand over latent frames as they are due.
    ///
    /// - Parameters:
    ///   - stages: where the work is added.
    ///   - frames: how many there are.
    ///   - height: rows of a frame.
    ///   - width: columns of a frame.
    ///   - frame: gives frame 0, 1, ... `[3, height, width]`, each once.
    ///   - each: takes latent frame 0, 1, ...
    /// - Throws: ``ModelError/request(_:)`` for other numbers and sizes.
    public func addEncoding(
        to stages: Stages, frames: Int, height: Int, width: Int, frame: @escaping (Int) throws -> Tensor,
        each: @escaping (Int, Posterior) throws -> Void
    ) throws {
        try addEncoding(
            to: stages, in: Workspace(), frames: frames, height: height, width: width, frame: frame, each: each)
    }

    /// The same, in memory that can be looked at.
    package func addEncoding(
        to stages: Stages, in workspace: Workspace, frames: Int, height: Int, width: Int,
        frame: @escaping (Int) throws -> Tensor, each: @escaping (Int, Posterior) throws -> Void
    ) throws {
        guard Self.latents(ofFrames: frames) != nil else {
            let fewer = max(1, frames - 1) / Self.timeScale * Self.timeScale + 1
            throw ModelError.request(
                "the VAE encodes 1 + 4k frames, not \(frames); \(fewer) or \(fewer + Self.timeScale) would do")
        }
        guard height > 0, width > 0, height % Self.scale == 0, width % Self.scale == 0 else {
            throw ModelError.request(
                "the VAE encodes frames whose sides are multiples of 8, not \(width) x \(height)")
        }
        var done = 0
        let run = VAERun(loader.compute, workspace, isFilm: true)
        for number in 0..<frames {
            stages.add { [self] in
                let pixels = try frame(number)
                guard pixels.shape == [3, height, width] else {
                    throw ModelError.request(
                        "frame \(number) of a video has shape \(pixels.shape); [3, \(height), \(width)] is needed")
                }
                try encoder(forFilms: true).add(to: stages, frame: ChannelsLast.from(pixels), run) { latent in
                    try each(done, self.posterior(latent))
                    done += 1
                }
            }
        }
    }

    /// Adds the stages of ``decode(film:)``, which hand over frames `[3, 8h, 8w]` as they come.
    ///
    /// - Parameters:
    ///   - stages: where the work is added.
    ///   - latents: `[frames, channels, h, w]`, normalised.
    ///   - each: takes frame 0, 1, ... of the pixels, not clamped.
    /// - Throws: ``ModelError/request(_:)`` for other shapes.
    public func addDecoding(
        to stages: Stages, film latents: Tensor, each: @escaping (Int, Tensor) throws -> Void
    ) throws {
        try addDecoding(to: stages, in: Workspace(), film: latents, each: each)
    }

    /// The same, in memory that can be looked at.
    package func addDecoding(
        to stages: Stages, in workspace: Workspace, film latents: Tensor, each: @escaping (Int, Tensor) throws -> Void
    ) throws {
        guard latents.shape.count == 4, latents.shape[1] == channels, latents.count > 0 else {
            throw ModelError.request("the VAE decodes latents [frames, \(channels), h, w], not \(latents.shape)")
        }
        var done = 0
        let run = VAERun(loader.compute, workspace, isFilm: true)
        for number in 0..<latents.shape[0] {
            stages.add { [self] in
                let frame = latents.rows(number..<number + 1).reshaped(Array(latents.shape.dropFirst()))
                try decoder(forFilms: true).add(to: stages, frame: decoderInput(frame), run) { pixels in
                    try each(done, ChannelsLast.toPlanar(pixels))
                    done += 1
                }
            }
        }
    }

    /// Finds what keeps the weights from taking and giving videos: nothing but their names and shapes is read.
    /// - Throws: ``ModelError`` when the file holds the VAE for single images.
    public func checkFilms() throws {
        for direction in [Direction.encoding, .decoding] { _ = try filmMemory(direction, width: 8, height: 8) }
    }

    /// Bytes that a video takes, of any length: intermediates with what is kept of the frames before, and weights, which are packed at the first frame and
    /// stay. Nothing is packed to find out.
    ///
    /// - Parameters:
    ///   - direction: encoding or decoding.
    ///   - width: of the pixels.
    ///   - height: of the pixels.
    /// - Throws: ``ModelError`` if the weights are no Wan VAE's, or one's for single images.
    public func filmMemory(_ direction: Direction, width: Int, height: Int) throws -> (intermediates: Int, weights: Int)
    {
        var loader = loader
        loader.findings = WeightFindings(file: loader.source.location)
        loader.isForFilms = true
        switch direction {
        case .encoding:
            return try makeEncoder(loader, latent: channels, bandBytes: bandBytes)
                .filmMemory(height: height, width: width)
        case .decoding:
            return try makeDecoder(loader, latent: channels, bandBytes: bandBytes)
                .filmMemory(height: height / Self.scale, width: width / Self.scale)
        }
    }
}
