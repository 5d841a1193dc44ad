import Compute
import Tensors

/// A convolution `[outputs, inputs, t, k, k]` over frames that sees, of time, only what is before, as 2-D ones: one for each frame that it looks at.
///
/// Official file: `models/wan21_vae.py`, `CausalConv3d` and its cache of features, which is the same computation in chunks of frames: out of a video come
/// the same values whether its frames are given one by one or together. Before the first frame there are zeros, so a single image needs only the frame's
/// own slice.
struct CausalConvolution: Sendable {
    /// The weight's name.
    let name: String
    /// For the frame itself: the kernel's last slice in time, and the bias.
    let now: any ConvolutionWeights
    /// For the frame before it, then for the one before that. Empty in networks that are made for single images.
    let before: [any ConvolutionWeights]

    var inputs: Int { now.inputs }
    var outputs: Int { now.outputs }
    /// Rows around a row that it is made of.
    var margin: Int { now.geometry.kernel / 2 }
    /// Of the 2-D convolutions.
    var shapes: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { ([now] + before).map(\.shape) }
}

extension VAERun {
    /// Where a convolution's input goes, of that shape: memory within a stage or, in a video, memory that stays as long as later frames look at it.
    func input(of conv: CausalConvolution, _ shape: [Int]) -> Tensor {
        isFilm && !conv.before.isEmpty ? input(of: conv, frame: seen[conv.name] ?? 0, shape) : scratch("normed", shape)
    }

    /// `x` as a convolution's input: itself, or a copy that stays.
    func kept(_ x: Tensor, for conv: CausalConvolution) -> Tensor {
        guard isFilm, !conv.before.isEmpty else { return x }
        let copy = input(of: conv, x.shape)
        copy.copy(from: x)
        return copy
    }

    /// There are as many places as frames before that are looked at.
    private func input(of conv: CausalConvolution, frame: Int, _ shape: [Int]) -> Tensor {
        history(of: conv.name, frame: frame, places: conv.before.count, shape)
    }

    /// A frame that later ones look at; a new one takes the oldest one's place.
    func history(of name: String, frame: Int, places: Int, _ shape: [Int]) -> Tensor {
        workspace.tensor("vae.history.\(name).\(frame % places)", shape)
    }

    /// The number of the frame that comes to a stage now, from 0.
    func nextFrame(of name: String) -> Int {
        defer { seen[name, default: 0] += 1 }
        return seen[name] ?? 0
    }

    /// A convolution of a band: the frames before first, since `x` may write over the oldest of them.
    ///
    /// - Parameter x: makes the input, in the memory that ``input(of:_:)`` gives.
    func causal(
        _ conv: CausalConvolution, _ edges: ImageEdges, accumulate: Bool = false, into out: Tensor, _ x: () -> Tensor
    ) {
        var accumulate = accumulate
        if isFilm, !conv.before.isEmpty {
            let frame = seen[conv.name] ?? 0
            let shape = [out.shape[0], out.shape[1], conv.inputs]
            for (i, weights) in conv.before.enumerated() where i < frame {
                convolution(
                    input(of: conv, frame: frame - 1 - i, shape), weights, edges, accumulate: accumulate, into: out)
                accumulate = true
            }
            convolution(x(), conv.now, edges, accumulate: accumulate, into: out)
            seen[conv.name] = frame + 1
        } else {
            convolution(x(), conv.now, edges, accumulate: accumulate, into: out)
        }
    }

    /// What a convolution makes of `band`, in memory of its own.
    func causal(_ conv: CausalConvolution, of band: VAEBand, _ x: () -> Tensor) -> VAEBand {
        var out = band
        (out.rows, out.isShared) = (band.inner(conv.margin), false)
        out.pixels = next([out.rows.count, band.pixels.shape[1], conv.outputs])
        causal(conv, band.edges, into: out.pixels, x)
        return out
    }
}
