import Compute
import Tensors

/// One stage of the VAE, on the rows of an image.
protocol VAEStage: Sendable {
    /// Channels that it takes.
    var inputs: Int { get }
    /// Channels that it gives.
    var outputs: Int { get }
    /// How many rows come out for one that goes in.
    var scale: VAEScale { get }
    /// The input rows that rows `range` of the output are made of; `height` rows are all.
    func needs(_ range: Range<Int>, height: Int) -> Range<Int>
    /// Its convolutions; a layer over the pixels counts as one of kernel 1.
    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { get }
    /// Those of its convolutions that see frames before.
    var causal: [CausalConvolution] { get }
    /// Computes all the rows it can.
    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand
}

/// What a stage does to the sides.
enum VAEScale { case same, half, double }

extension VAEStage {
    var scale: VAEScale { .same }
    var causal: [CausalConvolution] { [] }
}

extension ConvolutionWeights {
    /// Its shape.
    var shape: (inputs: Int, outputs: Int, geometry: ConvolutionGeometry) { (inputs, outputs, geometry) }
}

extension LinearWeights {
    /// The shape of the convolution that it is.
    fileprivate var shape: (inputs: Int, outputs: Int, geometry: ConvolutionGeometry) {
        (inputs, outputs, .same(kernel: 1))
    }
}

/// A convolution alone.
struct PlainConvolution: VAEStage {
    let conv: CausalConvolution

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { conv.shapes }
    var causal: [CausalConvolution] { [conv] }
    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> { range.widened(by: conv.margin, limit: height) }

    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        run.causal(conv, of: band) { run.kept(band.pixels, for: conv) }
    }
}

/// norm-SiLU-convolution: both networks' end.
struct NormedConvolution: VAEStage {
    let norm: Norm
    let conv: CausalConvolution

    init(_ loader: WeightLoader, _ prefix: String, inputs: Int, outputs: Int) throws {
        norm = try loader.channelNorm(prefix + ".0", inputs)
        conv = try loader.causal(prefix + ".2", outputs, inputs, kernel: 3)
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { conv.shapes }
    var causal: [CausalConvolution] { [conv] }
    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> { range.widened(by: conv.margin, limit: height) }

    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        run.causal(conv, of: band) {
            let normed = run.input(of: conv, band.pixels.shape)  // [rows, w, inputs]
            run.compute.norm(band.pixels, norm, nil, silu: true, into: normed)
            return normed
        }
    }
}

/// norm-SiLU-conv, norm-SiLU-conv, plus the input (through a 1x1 convolution where the widths differ).
struct ResidualBlock: VAEStage {
    let norm1: Norm
    let conv1: CausalConvolution
    let norm2: Norm
    let conv2: CausalConvolution
    let shortcut: (any ConvolutionWeights)?

    init(_ loader: WeightLoader, _ prefix: String, inputs: Int) throws {
        let outputs = loader.channels(
            [
                (prefix + ".residual.2.weight", 0), (prefix + ".residual.3.gamma", 0),
                (prefix + ".residual.6.weight", 0), (prefix + ".residual.6.weight", 1),
                (prefix + ".residual.2.bias", 0), (prefix + ".residual.6.bias", 0),
            ], otherwise: inputs)
        norm1 = try loader.channelNorm(prefix + ".residual.0", inputs)
        conv1 = try loader.causal(prefix + ".residual.2", outputs, inputs, kernel: 3)
        norm2 = try loader.channelNorm(prefix + ".residual.3", outputs)
        conv2 = try loader.causal(prefix + ".residual.6", outputs, outputs, kernel: 3)
        shortcut =
            outputs != inputs || loader.contains(prefix + ".shortcut")
            ? try loader.convolution(prefix + ".shortcut", outputs, inputs, kernel: 1) : nil
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] {
        conv1.shapes + conv2.shapes + (shortcut.map { [$0.shape] } ?? [])
    }
    var causal: [CausalConvolution] { [conv1, conv2] }
    var inputs: Int { conv1.inputs }
    var outputs: Int { conv2.outputs }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> {
        range.widened(by: conv1.margin + conv2.margin, limit: height)
    }

    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        let width = band.pixels.shape[1]
        let middleRows = band.inner(conv1.margin)
        let middle = run.scratch("middle", [middleRows.count, width, conv1.outputs])
        run.causal(conv1, band.edges, into: middle) {
            let normed = run.input(of: conv1, band.pixels.shape)  // [rows, w, inputs]
            run.compute.norm(band.pixels, norm1, nil, silu: true, into: normed)
            return normed
        }

        var out = band
        out.rows = band.inner(conv1.margin + conv2.margin)
        out.isShared = false
        if let shortcut {
            out.pixels = run.next([out.rows.count, width, outputs])
            run.convolution(band.pixels(out.rows), shortcut, .all, into: out.pixels)
        } else if band.isShared {
            out.pixels = run.next([out.rows.count, width, outputs])
            out.pixels.copy(from: band.pixels(out.rows))
        } else {
            out.pixels = band.pixels(out.rows)
        }
        run.causal(conv2, band.edges, accumulate: true, into: out.pixels) {
            let normed = run.input(of: conv2, middle.shape)  // [rows, w, outputs]
            run.compute.norm(middle, norm2, nil, silu: true, into: normed)
            return normed
        }
        return out
    }
}

/// Single-head self-attention over all pixels.
struct SpatialAttention: VAEStage {
    let norm: Norm
    let queryKeyValue: any LinearWeights
    let projection: any LinearWeights

    init(_ loader: WeightLoader, _ prefix: String, width: Int) throws {
        norm = try loader.channelNorm(prefix + ".norm", width, axes: 2)
        queryKeyValue = try loader.pointwise(prefix + ".to_qkv", 3 * width, width)
        projection = try loader.pointwise(prefix + ".proj", width, width)
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] {
        [queryKeyValue.shape, projection.shape]
    }
    var inputs: Int { norm.weight.count }
    var outputs: Int { norm.weight.count }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> { 0..<height }

    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        let compute = run.compute
        let (pixels, width) = (band.pixels.shape[0] * band.pixels.shape[1], band.pixels.shape[2])
        let heads = AttentionGeometry(heads: 1, keyValueHeads: 1, headDim: width)
        let (rows, caches) = run.workspace.value("vae.attention \(pixels) \(width)") {
            var rows = RowLayout()
            rows.append(sequence: 0, start: 0, count: pixels, span: 0..<pixels)
            return (rows, [compute.makeCache(heads)])
        }
        let out = run.next([pixels, width])
        out.copy(from: band.pixels)
        let normed = run.scratch("normed", [pixels, width])
        compute.norm(out, norm, nil, silu: false, into: normed)
        let fused = run.scratch("middle", [pixels, 3 * width])
        compute.linear(normed, queryKeyValue, .identity, .replace, into: fused)
        let queries = run.scratch("queries", [pixels, width])
        compute.heads(fused, heads, nil, nil, rows, caches, into: queries)
        compute.attention(queries, heads, rows, caches, into: normed)
        compute.linear(normed, projection, .identity, .residual, into: out)
        return VAEBand(whole: out.reshaped(band.pixels.shape))
    }
}

/// Halves the sides: a stride-2 convolution, zero-padded right and below.
struct Downsample: VAEStage {
    let conv: any ConvolutionWeights

    init(_ loader: WeightLoader, _ prefix: String, inputs: Int) throws {
        conv = try loader.resampling(prefix, inputs: inputs) {
            ConvolutionGeometry(kernel: $0, stride: 2, padBefore: 0, padAfter: 1)
        }
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { [conv.shape] }
    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }
    var scale: VAEScale { .half }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> {
        2 * range.lowerBound..<min(height, 2 * range.upperBound + 1)
    }

    /// The band begins at an even row.
    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        let first = band.rows.lowerBound / 2
        return run.convolved(
            band.pixels, conv, of: band,
            rows: first..<first + conv.geometry.output(of: band.rows.count, band.edges), height: band.height / 2,
            width: band.pixels.shape[1] / 2)
    }
}

/// Doubles the sides: nearest neighbour, then a convolution.
struct Upsample: VAEStage {
    let conv: any ConvolutionWeights

    init(_ loader: WeightLoader, _ prefix: String, inputs: Int) throws {
        conv = try loader.resampling(prefix, inputs: inputs) { .same(kernel: $0, upsampling: 2) }
    }

    var convolutions: [(inputs: Int, outputs: Int, geometry: ConvolutionGeometry)] { [conv.shape] }
    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }
    var scale: VAEScale { .double }

    func needs(_ range: Range<Int>, height: Int) -> Range<Int> {
        let large = range.widened(by: 1, limit: 2 * height)
        return large.lowerBound / 2..<(large.upperBound + 1) / 2
    }

    func callAsFunction(_ band: VAEBand, _ run: VAERun) -> VAEBand {
        let edges = band.edges
        return run.convolved(
            band.pixels, conv, of: band,
            rows: 2 * band.rows.lowerBound + (edges.top ? 0 : 1)..<2 * band.rows.upperBound - (edges.bottom ? 0 : 1),
            height: 2 * band.height, width: 2 * band.pixels.shape[1])
    }
}
