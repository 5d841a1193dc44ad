import Compute
import Tensors

/// Some rows of an image on their way through the VAE.
///
/// Images are processed whole, or, to bound memory, in bands of rows that are computed with the rows around them that they need. A band is
/// zero-padded only where the image ends, so bands give what the whole image gives; only rounding depends on the cut (1e-6).
struct VAEBand {
    /// `[rows, width, channels]` float32.
    var pixels: Tensor
    /// Which rows of the image these are.
    var rows: Range<Int>
    /// Rows of the whole image.
    var height: Int
    /// Whether others look at `pixels`, so that they must not be written.
    var isShared = false

    /// Which ends of the image the band has.
    var edges: ImageEdges { ImageEdges(top: rows.lowerBound == 0, bottom: rows.upperBound == height) }

    /// A whole image that nobody else looks at.
    init(whole pixels: Tensor) {
        self.pixels = pixels
        rows = 0..<pixels.shape[0]
        height = pixels.shape[0]
    }

    /// Rows `range` of `image`.
    init(_ range: Range<Int>, of image: Tensor) {
        pixels = image.rows(range)
        rows = range
        height = image.shape[0]
        isShared = true
    }

    /// The rows that are left when `margin` rows are lost at each end that is not the image's.
    func inner(_ margin: Int) -> Range<Int> {
        rows.lowerBound + (edges.top ? 0 : margin)..<rows.upperBound - (edges.bottom ? 0 : margin)
    }

    /// The pixels of rows `range` of the image.
    func pixels(_ range: Range<Int>) -> Tensor {
        pixels.rows(range.lowerBound - rows.lowerBound..<range.upperBound - rows.lowerBound)
    }
}

extension Range<Int> {
    /// The range with `margin` added at both ends, inside `0 ..< limit`.
    package func widened(by margin: Int, limit: Int) -> Range<Int> {
        Swift.max(0, lowerBound - margin)..<Swift.min(limit, upperBound + margin)
    }
}

/// The engine and the memory of one run of the VAE. Three blocks of memory serve all stages: the hidden state and its successor,
/// and what a stage has in between.
final class VAERun {
    let compute: any Compute
    let workspace: Workspace
    private var turn = 0
    /// Whether a segment is run in bands: its input may be the last result of the stages before, and must stay.
    var isBanded = false
    /// Whether frames of a video come one after the other, so that what later ones look at is kept.
    let isFilm: Bool
    /// How many frames each convolution that sees frames before, and each stage that changes their number, has had.
    var seen: [String: Int] = [:]

    init(_ compute: any Compute, _ workspace: Workspace, isFilm: Bool = false) {
        self.compute = compute
        self.workspace = workspace
        self.isFilm = isFilm
    }

    /// Memory for a stage's result: never that of the result before it, but that of the one before that.
    func next(_ shape: [Int]) -> Tensor {
        turn = 1 - turn
        return workspace.tensor("vae.\(isBanded ? "band" : "hidden")\(turn)", shape)
    }

    /// Memory within a stage.
    func scratch(_ name: String, _ shape: [Int]) -> Tensor { workspace.tensor("vae.\(name)", shape) }

    /// A convolution of a band. The result has the rows that can be computed.
    func convolution(
        _ x: Tensor, _ weights: any ConvolutionWeights, _ edges: ImageEdges, accumulate: Bool = false, into out: Tensor
    ) {
        compute.convolution(x, weights, edges: edges, accumulate: accumulate, workspace, into: out)
    }

    /// What a convolution makes of `band`, its pixels given as `x`: rows `rows` of an image of `height`, in memory of their own.
    func convolved(
        _ x: Tensor, _ weights: any ConvolutionWeights, of band: VAEBand, rows: Range<Int>, height: Int, width: Int
    ) -> VAEBand {
        var out = band
        (out.rows, out.height, out.isShared) = (rows, height, false)
        out.pixels = next([rows.count, width, weights.outputs])
        convolution(x, weights, band.edges, into: out.pixels)
        return out
    }
}
