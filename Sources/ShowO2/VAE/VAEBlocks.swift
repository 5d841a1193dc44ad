import Compute
import Foundation
package import Tensors

/// Reads the VAE's weights: 2-D views of 3-D convolutions, channel norms.
extension WeightLoader {
    /// The last temporal slice of a causal convolution `[outputs, inputs, t, k, k]`, or a 2-D convolution `[outputs, inputs, k, k]`.
    func convolution(_ name: String, _ geometry: (Int) -> ConvolutionGeometry = ConvolutionGeometry.same(kernel:))
        throws
        -> any ConvolutionWeights
    {
        let weight = try source.tensor(name + ".weight").toFloat32()
        let (outputs, kernel) = (weight.shape.first ?? 0, weight.shape.last ?? 0)
        guard (4...5).contains(weight.shape.count), weight.shape[weight.shape.count - 2] == kernel, kernel > 0 else {
            throw ModelError.contradiction("\(name).weight has shape \(weight.shape), which is no convolution's")
        }
        let bias = try vector(name + ".bias", outputs)
        let slice = weight.shape.count == 5 ? weight.lastTemporalSlice() : weight
        return try compute.pack(convolution: slice, bias: bias, geometry(kernel))
    }

    /// A 1x1 convolution as a linear layer.
    func pointwise(_ name: String, _ outputs: Int, _ inputs: Int) throws -> any LinearWeights {
        let weight = try source.tensor(name + ".weight")
        guard weight.count == outputs * inputs else {
            throw ModelError.contradiction(
                "\(name).weight has shape \(weight.shape), not that of a \(inputs) -> \(outputs) layer")
        }
        return try compute.pack(
            [LinearSource(weight: weight.reshaped([outputs, inputs]), bias: try vector(name + ".bias", outputs))],
            .stacked)
    }

    /// `x / ||x|| * sqrt(channels) * gamma` over the channels.
    func channelNorm(_ name: String) throws -> Norm {
        let gamma = try source.tensor(name + ".gamma").floats()
        let root = Float(gamma.count).squareRoot()
        return Norm(.l2, weight: Tensor(gamma.map { $0 * root }, shape: [gamma.count]), epsilon: 1e-12)
    }
}

extension Tensor {
    /// `[o, i, t, k, k]` -> its slice at the last t, `[o, i, k, k]`.
    package func lastTemporalSlice() -> Tensor {
        let (outer, times, inner) = (shape[0] * shape[1], shape[2], shape[3] * shape[4])
        let values = floats()
        var slice: [Float] = []
        slice.reserveCapacity(outer * inner)
        for o in 0..<outer {
            let start = (o * times + times - 1) * inner
            slice += values[start..<start + inner]
        }
        return Tensor(slice, shape: [shape[0], shape[1], shape[3], shape[4]])
    }
}

/// One stage of the VAE: `[h, w, c]` -> `[h', w', c']`, float32.
protocol VAEStage: Sendable {
    /// Channels that it takes.
    var inputs: Int { get }
    /// Channels that it gives.
    var outputs: Int { get }
    func callAsFunction(_ x: Tensor, _ compute: any Compute) throws -> Tensor
}

/// norm-SiLU-conv, norm-SiLU-conv, plus the input (through a 1x1 convolution where the widths differ).
struct ResidualBlock: VAEStage {
    let norm1: Norm
    let conv1: any ConvolutionWeights
    let norm2: Norm
    let conv2: any ConvolutionWeights
    let shortcut: (any ConvolutionWeights)?

    init(_ loader: WeightLoader, _ prefix: String) throws {
        norm1 = try loader.channelNorm(prefix + ".residual.0")
        conv1 = try loader.convolution(prefix + ".residual.2")
        norm2 = try loader.channelNorm(prefix + ".residual.3")
        conv2 = try loader.convolution(prefix + ".residual.6")
        shortcut =
            loader.source.contains(prefix + ".shortcut.weight") ? try loader.convolution(prefix + ".shortcut") : nil
        guard norm1.weight.count == conv1.inputs, norm2.weight.count == conv1.outputs, conv1.outputs == conv2.inputs,
            (shortcut?.outputs ?? conv1.inputs) == conv2.outputs, (shortcut?.inputs ?? conv1.inputs) == conv1.inputs
        else { throw ModelError.contradiction("the widths of the VAE's \(prefix) do not fit together") }
    }

    var inputs: Int { conv1.inputs }
    var outputs: Int { conv2.outputs }

    func callAsFunction(_ x: Tensor, _ compute: any Compute) throws -> Tensor {
        let (height, width) = (x.shape[0], x.shape[1])
        let a = Tensor(zeros: x.shape)  // [h, w, inputs]
        compute.norm(x, norm1, nil, silu: true, into: a)
        let b = Tensor(zeros: [height, width, conv1.outputs])
        try compute.convolution(a, conv1, accumulate: false, into: b)
        let c = Tensor(zeros: b.shape)
        compute.norm(b, norm2, nil, silu: true, into: c)
        let out = Tensor(zeros: [height, width, conv2.outputs])
        if let shortcut {
            try compute.convolution(x, shortcut, accumulate: false, into: out)
        } else {
            out.copy(from: x)
        }
        try compute.convolution(c, conv2, accumulate: true, into: out)
        return out
    }
}

/// Single-head self-attention over all pixels.
struct SpatialAttention: VAEStage {
    let norm: Norm
    let queryKeyValue: any LinearWeights
    let projection: any LinearWeights

    init(_ loader: WeightLoader, _ prefix: String) throws {
        norm = try loader.channelNorm(prefix + ".norm")
        let width = norm.weight.count
        queryKeyValue = try loader.pointwise(prefix + ".to_qkv", 3 * width, width)
        projection = try loader.pointwise(prefix + ".proj", width, width)
    }

    var inputs: Int { norm.weight.count }
    var outputs: Int { norm.weight.count }

    func callAsFunction(_ x: Tensor, _ compute: any Compute) throws -> Tensor {
        let (pixels, width) = (x.shape[0] * x.shape[1], x.shape[2])
        let heads = AttentionGeometry(heads: 1, keyValueHeads: 1, headDim: width)
        var rows = RowLayout()
        rows.append(sequence: 0, start: 0, count: pixels, span: 0..<pixels)
        let flat = x.reshaped([pixels, width])
        let a = Tensor(zeros: [pixels, width])
        compute.norm(flat, norm, nil, silu: false, into: a)
        let fused = Tensor(zeros: [pixels, 3 * width])
        compute.linear(a, queryKeyValue, .identity, .replace, into: fused)
        let queries = Tensor(zeros: [pixels, width])
        let cache = compute.makeCache(heads, sequences: 1, capacity: pixels)
        compute.heads(fused, heads, nil, nil, rows, cache, into: queries)
        compute.attention(queries, heads, rows, cache, into: a)
        let out = flat.toFloat32()
        compute.linear(a, projection, .identity, .residual, into: out)
        return out.reshaped(x.shape)
    }
}

/// Halves the sides: a stride-2 convolution, zero-padded right and below.
struct Downsample: VAEStage {
    let conv: any ConvolutionWeights

    init(_ loader: WeightLoader, _ prefix: String) throws {
        conv = try loader.convolution(prefix + ".resample.1") {
            ConvolutionGeometry(kernel: $0, stride: 2, padBefore: 0, padAfter: 1)
        }
    }

    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }

    func callAsFunction(_ x: Tensor, _ compute: any Compute) throws -> Tensor {
        let out = Tensor(zeros: [x.shape[0] / 2, x.shape[1] / 2, conv.outputs])
        try compute.convolution(x, conv, accumulate: false, into: out)
        return out
    }
}

/// Doubles the sides: nearest neighbour, then a convolution.
struct Upsample: VAEStage {
    let conv: any ConvolutionWeights

    init(_ loader: WeightLoader, _ prefix: String) throws {
        conv = try loader.convolution(prefix + ".resample.1")
    }

    var inputs: Int { conv.inputs }
    var outputs: Int { conv.outputs }

    func callAsFunction(_ x: Tensor, _ compute: any Compute) throws -> Tensor {
        let large = x.doubled(compute)  // [2h, 2w, c]
        let out = Tensor(zeros: [large.shape[0], large.shape[1], conv.outputs])
        try compute.convolution(large, conv, accumulate: false, into: out)
        return out
    }
}
