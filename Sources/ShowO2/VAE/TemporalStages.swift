import Compute
import Tensors

/// A stage of the VAE that makes more or fewer frames of a video. Single images never reach it.
///
/// Official file: `models/wan21_vae.py`, `Resample` with `time_conv`.
protocol TemporalStage: Sendable {
    /// Channels that it takes and gives.
    var channels: Int { get }
    /// Its convolutions.
    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { get }
    /// Frames of its input that it keeps, and frames that it has in memory of its own beside the stages'.
    var framesHeld: Int { get }
    /// What the next frame becomes: none, one or two.
    func callAsFunction(_ frame: VAEBand, _ run: VAERun) -> [VAEBand]
}

/// Two frames for each but the first, which stays alone: a convolution `[2 channels, channels, 3, 1, 1]` over time, whose first half of outputs is the
/// earlier frame. It does not see the first frame: for the official cache that is where time begins.
struct TemporalUpsample: TemporalStage {
    private let halves: [CausalConvolution]
    let channels: Int
    private let name: String

    init(_ loader: WeightLoader, _ prefix: String, channels: Int) throws {
        (name, self.channels) = (prefix, channels)
        halves = try loader.temporal(prefix + ".time_conv", channels: channels, halves: 2)
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { halves.flatMap(\.shapes) }
    var framesHeld: Int { 2 + halves.count }

    func callAsFunction(_ frame: VAEBand, _ run: VAERun) -> [VAEBand] {
        let number = run.nextFrame(of: name)
        guard number > 0 else { return [frame] }
        // Both halves look at the same frames: the first one's input is kept, and the second reads it there.
        func past(_ i: Int) -> Tensor { run.history(of: name, frame: i, places: 2, frame.pixels.shape) }
        var out: [VAEBand] = []
        for (half, conv) in halves.enumerated() {
            // [h, w, channels]
            let pixels = run.workspace.tensor("vae.time.\(name).\(half)", frame.pixels.shape)
            run.convolution(frame.pixels, conv.now, .all, into: pixels)
            for (i, weights) in conv.before.enumerated() where number - 1 - i > 0 {
                run.convolution(past(number - 1 - i), weights, .all, accumulate: true, into: pixels)
            }
            out.append(VAEBand(whole: pixels))
        }
        past(number).copy(from: frame.pixels)
        return out
    }
}

/// One frame for two, but the first, which stays alone: a convolution `[channels, channels, 3, 1, 1]` of stride 2 over a pair of frames and the one
/// before it.
struct TemporalDownsample: TemporalStage {
    private let conv: CausalConvolution
    let channels: Int
    private let name: String

    init(_ loader: WeightLoader, _ prefix: String, channels: Int) throws {
        (name, self.channels) = (prefix, channels)
        conv = try loader.temporal(prefix + ".time_conv", channels: channels, halves: 1)[0]
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { conv.shapes }
    var framesHeld: Int { 2 }

    func callAsFunction(_ frame: VAEBand, _ run: VAERun) -> [VAEBand] {
        let number = run.nextFrame(of: name)
        func past(_ i: Int) -> Tensor { run.history(of: name, frame: i, places: 2, frame.pixels.shape) }
        guard number > 0, number % 2 == 0 else {
            past(number).copy(from: frame.pixels)
            return number == 0 ? [frame] : []
        }
        var out = frame
        (out.pixels, out.isShared) = (run.next(frame.pixels.shape), false)  // [h, w, channels]
        run.convolution(frame.pixels, conv.now, .all, into: out.pixels)
        for (i, weights) in conv.before.enumerated() {
            run.convolution(past(number - 1 - i), weights, .all, accumulate: true, into: out.pixels)
        }
        past(number).copy(from: frame.pixels)
        return [out]
    }
}
