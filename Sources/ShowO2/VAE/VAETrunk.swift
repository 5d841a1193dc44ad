import Compute
import Tensors

/// The stages of the encoder or the decoder, in order.
///
/// They are cut where the image changes its size. Such a segment runs on the whole image when its intermediates are small, else in bands of
/// rows, and only its result is held whole. Attention sees all pixels: its segment, of latent size, is never cut.
struct VAETrunk: Sendable {
    /// A stage, or what changes the number of frames.
    enum Part: Sendable {
        case stage(any VAEStage)
        case temporal(any TemporalStage)
    }

    /// All, as the frames of a video pass them; without the temporal ones where the network was made for single images.
    private let parts: [Part]
    /// What a single image passes.
    let stages: [any VAEStage]
    /// Whether the network was made for videos.
    let isForFilms: Bool
    private let segments: [Range<Int>]
    private let compute: any Compute
    /// Bytes of a segment's widest intermediate up to which it runs on the whole image; bands have half as many.
    private let bandBytes: Int

    /// - Throws: ``ModelError/contradiction(_:)`` when a stage gives other channels than the next one takes, or the image
    ///   is not resized three times (by 8 in all).
    init(_ name: String, _ parts: [Part], for loader: WeightLoader, bandBytes: Int) throws {
        let stages = parts.compactMap { if case .stage(let stage) = $0 { stage } else { nil } }
        for (i, (stage, next)) in zip(stages, stages.dropFirst()).enumerated() where stage.outputs != next.inputs {
            throw ModelError.contradiction(
                "part \(i + 1) of the VAE's \(name) takes \(next.inputs) channels, the one before gives \(stage.outputs)"
            )
        }
        let resizes = stages.count { $0.scale != .same }
        guard resizes == 3 else {
            throw ModelError.contradiction(
                "the VAE's \(name) resizes \(resizes) times; 3 times (by 8 in all) is needed")
        }
        let temporal = parts.count - stages.count
        guard !loader.isForFilms || 1 << temporal == WanVAE.timeScale else {
            throw ModelError.configuration(
                file: loader.source.location,
                reason: "has \(temporal) temporal convolutions (time_conv) in its \(name); videos need 2")
        }
        var cuts = [0]
        for (i, stage) in stages.enumerated() {
            switch stage.scale {
            case .double: cuts.append(i)
            case .half: cuts.append(i + 1)
            case .same: break
            }
        }
        segments = zip(cuts, cuts.dropFirst() + [stages.count]).map { $0..<$1 }.filter { !$0.isEmpty }
        (self.parts, self.stages, isForFilms) = (parts, stages, loader.isForFilms)
        (compute, self.bandBytes) = (loader.compute, bandBytes)
    }

    /// Adds the stages that turn `x` `[h, w, inputs]` into `[h', w', outputs]`, in memory of `workspace`: a stage of the network on the whole
    /// image, or on one band, is one.
    func add(to todo: Stages, _ x: Tensor, _ workspace: Workspace, then done: @escaping (Tensor) throws -> Void) {
        let run = VAERun(compute, workspace)
        var image = VAEBand(0..<x.shape[0], of: x)
        for (i, segment) in segments.enumerated() {
            let stages = stages[segment]
            todo.add {
                if let rows = bandRows(stages, of: image.pixels) {
                    addBands(to: todo, stages, image.pixels, rows, "vae.segment\(i % 2)", run) {
                        image = VAEBand(whole: $0)
                    }
                } else {
                    for stage in stages { todo.add { image = stage(image, run) } }
                }
            }
        }
        todo.add { try done(image.pixels) }
    }

    /// Adds the stages that turn the next frame of a video, `x` `[h, w, inputs]`, into as many frames `[h', w', outputs]` as are due, each handed to
    /// `done` when it comes. Frames run whole: what the next ones look at is far more than what bands would save.
    ///
    /// - Parameter run: of this video, with what was kept of the frames before.
    func add(to todo: Stages, frame x: Tensor, _ run: VAERun, then done: @escaping (Tensor) throws -> Void) {
        precondition(isForFilms && run.isFilm)
        add(to: todo, VAEBand(whole: x), from: 0, run, then: done)
    }

    /// The stages that a running one adds come next: a frame goes all the way before the one behind it.
    private func add(
        to todo: Stages, _ frame: VAEBand, from place: Int, _ run: VAERun, then done: @escaping (Tensor) throws -> Void
    ) {
        guard parts.indices.contains(place) else { return todo.add { try done(frame.pixels) } }
        todo.add {
            let frames =
                switch parts[place] {
                case .stage(let stage): [stage(frame, run)]
                case .temporal(let stage): stage(frame, run)
                }
            for frame in frames { add(to: todo, frame, from: place + 1, run, then: done) }
        }
    }

    /// Bytes that a video takes, however long it is, and bytes of the packed weights.
    func filmMemory(height: Int, width: Int) -> (intermediates: Int, weights: Int) {
        var (total, weights) = memory(height: height, width: width, inBands: false)
        var (height, width) = (height, width)
        for part in parts {
            switch part {
            case .stage(let stage):
                for conv in stage.causal { total += conv.before.count * 4 * height * width * conv.inputs }
                switch stage.scale {
                case .same: break
                case .half: (height, width) = (height / 2, width / 2)
                case .double: (height, width) = (height * 2, width * 2)
                }
            case .temporal(let stage):
                total += stage.framesHeld * 4 * height * width * stage.channels
                weights += stage.convolutions.reduce(0) { $0 + packedBytes($1.inputs, $1.outputs, $1.geometry) }
            }
        }
        return (total, weights)
    }

    /// Bytes that one image takes, and bytes of the packed weights; see ``WanVAE/memory(_:width:height:)``. The stages' weights need not be packed.
    func memory(height: Int, width: Int, inBands: Bool = true) -> (intermediates: Int, weights: Int) {
        var blocks: [String: Int] = [:]
        func hold(_ name: String, _ rows: Int, _ width: Int, _ channels: Int) {
            blocks[name] = max(blocks[name] ?? 0, 4 * rows * width * channels)
        }
        var (height, width, weights) = (height, width, 0)
        hold("image", height, width, stages.first?.inputs ?? 0)
        for (i, segment) in segments.enumerated() {
            let own = stages[segment]
            let band = inBands ? bandRows(own, height: height, width: width) : nil
            let name = band == nil ? "hidden" : "band"
            // A band is computed with the rows around it that it needs, at most so many at each end of a stage.
            var rows = band.map { min(height, $0 + 2 * Self.margin) } ?? height
            for stage in own {
                weights += stage.convolutions.reduce(0) { $0 + packedBytes($1.inputs, $1.outputs, $1.geometry) }
                switch stage {
                case is ResidualBlock:
                    hold("normed", rows, width, max(stage.inputs, stage.convolutions[0].outputs))
                    hold("middle", rows, width, stage.convolutions[0].outputs)
                case is SpatialAttention:
                    hold("normed", rows, width, stage.inputs)
                    hold("middle", rows, width, 3 * stage.inputs)
                    hold("queries", rows, width, stage.inputs)
                    hold("keys and values", (rows * width + 255) / 256 * 256, 1, 2 * stage.inputs)
                case is NormedConvolution: hold("normed", rows, width, stage.inputs)
                default: break
                }
                switch stage.scale {
                case .same: break
                case .half: (rows, height, width) = (rows / 2, height / 2, width / 2)
                case .double: (rows, height, width) = (rows * 2, height * 2, width * 2)
                }
                for turn in 0..<2 { hold("\(name)\(turn)", rows, width, stage.outputs) }
            }
            if band != nil { hold("segment\(i % 2)", height, width, own.last?.outputs ?? 0) }
        }
        hold("planar", height, width, 2 * (stages.last?.outputs ?? 0))
        return (blocks.values.reduce(16 << 20, +), weights)
    }

    /// Rows around a band that the stages of a segment need, about.
    private static let margin = 8

    /// Bytes of a packed convolution: Winograd's kernels have 36 values for 9 (see `WinogradConvolution`).
    private func packedBytes(_ inputs: Int, _ outputs: Int, _ geometry: ConvolutionGeometry) -> Int {
        let padded = (outputs + 15) / 16 * 16
        let values =
            geometry.kernel == 3 && geometry.stride == 1 && inputs >= 16 ? 36 : geometry.kernel * geometry.kernel
        return 4 * values * inputs * padded
    }

    /// Output rows of a band, or nil where the segment runs on the whole image.
    private func bandRows(_ stages: ArraySlice<any VAEStage>, of x: Tensor) -> Int? {
        bandRows(stages, height: x.shape[0], width: x.shape[1])
    }

    private func bandRows(_ stages: ArraySlice<any VAEStage>, height: Int, width: Int) -> Int? {
        guard !stages.contains(where: { $0 is SpatialAttention }) else { return nil }
        let grows = stages.first?.scale == .double
        let (height, width) = grows ? (2 * height, 2 * width) : (height, width)
        let channels = stages.map { $0.scale == .half ? $0.inputs : $0.outputs }.max() ?? 1
        let rowBytes = 4 * width * channels
        guard height * rowBytes > bandBytes else { return nil }
        let rows = max(8, bandBytes / 2 / rowBytes / 8 * 8)
        return stages.last?.scale == .half ? rows / 2 : rows
    }

    /// Adds the stages that run a segment band by band.
    private func addBands(
        to todo: Stages, _ stages: ArraySlice<any VAEStage>, _ x: Tensor, _ rows: Int, _ name: String, _ run: VAERun,
        then done: @escaping (Tensor) -> Void
    ) {
        var heights = [x.shape[0]]  // of the image before each stage, and at the end
        var width = x.shape[1]
        for stage in stages {
            let height = heights[heights.count - 1]
            switch stage.scale {
            case .same: heights.append(height)
            case .half: (width, heights) = (width / 2, heights + [height / 2])
            case .double: (width, heights) = (width * 2, heights + [height * 2])
            }
        }
        let height = heights[heights.count - 1]
        run.isBanded = true
        let out = run.workspace.tensor(name, [height, width, stages.last?.outputs ?? x.shape[2]])
        for first in stride(from: 0, to: height, by: rows) {
            let wanted = first..<min(height, first + rows)
            var needed = wanted
            for (stage, height) in zip(stages, heights).reversed() { needed = stage.needs(needed, height: height) }
            var band = VAEBand(needed, of: x)
            for stage in stages { todo.add { band = stage(band, run) } }
            todo.add { out.rows(wanted).copy(from: band.pixels(wanted)) }
        }
        todo.add {
            run.isBanded = false
            done(out)
        }
    }
}
