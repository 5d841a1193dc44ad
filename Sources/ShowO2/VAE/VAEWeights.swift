import Compute
import Foundation
package import Tensors

/// Reads the VAE's weights: 2-D views of 3-D convolutions, channel norms.
extension WeightLoader {
    /// What a stage's tensors say of a number of channels: the value that most of them have (the first of equals), at least 1.
    ///
    /// - Parameter places: names, and the axis of each.
    func channels(_ places: [(name: String, axis: Int)], otherwise: Int) -> Int {
        let extents = places.compactMap { place -> Int? in
            guard let shape = source.info(place.name)?.shape, place.axis < shape.count, shape[place.axis] > 0 else {
                return nil
            }
            return shape[place.axis]
        }
        return extents.mostFrequent ?? otherwise
    }

    /// The last temporal slice of a causal convolution `[outputs, inputs, t, k, k]`, or a 2-D convolution `[outputs, inputs, k, k]`.
    ///
    /// - Parameter isFlat: whether it is stored as a 2-D one in the official file.
    func convolution(
        _ name: String, _ outputs: Int, _ inputs: Int, kernel: Int, isFlat: Bool = false,
        _ geometry: (Int) -> ConvolutionGeometry = { .same(kernel: $0) }
    ) throws -> any ConvolutionWeights {
        try slices(name, outputs, inputs, kernel: kernel, isFlat: isFlat, ofAllTimes: false, geometry(kernel))[0]
    }

    /// A causal convolution `[outputs, inputs, t, k, k]`: of a network for single images its last slice alone.
    /// - Throws: ``ModelError/configuration(file:reason:)`` for a network of videos when only that slice is stored.
    func causal(_ name: String, _ outputs: Int, _ inputs: Int, kernel: Int) throws -> CausalConvolution {
        let slices = try slices(
            name, outputs, inputs, kernel: kernel, isFlat: false, ofAllTimes: isForFilms, .same(kernel: kernel))
        return CausalConvolution(name: name, now: slices[0], before: Array(slices.dropFirst()))
    }

    /// The slices of a convolution, the last one, which has the bias, first.
    private func slices(
        _ name: String, _ outputs: Int, _ inputs: Int, kernel: Int, isFlat: Bool, ofAllTimes: Bool,
        _ geometry: ConvolutionGeometry
    ) throws -> [any ConvolutionWeights] {
        let flat = [outputs, inputs, kernel, kernel]
        let deep = [outputs, inputs, kernel, kernel, kernel]
        // The temporal extent is of no account, if there is one.
        let times = source.info(name + ".weight").flatMap { $0.shape.count == 5 && $0.shape[2] > 0 ? $0.shape[2] : nil }
        let found = [outputs, inputs, times ?? kernel, kernel, kernel]
        let weight = try tensor(name + ".weight", isFlat ? flat : deep, or: [flat, found])
        let bias = try vector(name + ".bias", outputs)
        if ofAllTimes, kernel > 1, times == nil { throw noTime(name + ".weight") }
        let kept = ofAllTimes ? min(times ?? 1, Self.mostTimes) : 1
        guard findings == nil else {
            return (0..<kept).map { _ in UnpackedConvolution(inputs: inputs, outputs: outputs, geometry: geometry) }
        }
        guard weight.shape.count == 5 else {
            return [try compute.pack(convolution: weight.toFloat32(), bias: bias, geometry)]
        }
        return try (0..<kept).map { i in
            try compute.pack(
                convolution: weight.temporalSlice(weight.shape[2] - 1 - i), bias: i == 0 ? bias : nil, geometry)
        }
    }

    /// A convolution over time alone, `[halves * channels, channels, t, 1, 1]`, as one for each part of its outputs.
    func temporal(_ name: String, channels: Int, halves: Int) throws -> [CausalConvolution] {
        let times = source.info(name + ".weight").flatMap { $0.shape.count == 5 && $0.shape[2] > 0 ? $0.shape[2] : nil }
        guard let times, times <= 3 else { throw noTime(name + ".weight") }
        let weight = try tensor(name + ".weight", [halves * channels, channels, times, 1, 1])
        let bias = try vector(name + ".bias", halves * channels)
        return try (0..<halves).map { half in
            let own = half * channels..<(half + 1) * channels
            let slices = try (0..<times).map { i -> any ConvolutionWeights in
                guard findings == nil else {
                    return UnpackedConvolution(inputs: channels, outputs: channels, geometry: .same(kernel: 1))
                }
                return try compute.pack(
                    convolution: weight.rows(own).temporalSlice(times - 1 - i), bias: i == 0 ? bias.elements(own) : nil,
                    .same(kernel: 1))
            }
            return CausalConvolution(name: name, now: slices[0], before: Array(slices.dropFirst()))
        }
    }

    /// No VAE looks at more frames at once.
    private static let mostTimes = 16

    private func noTime(_ name: String) -> ModelError {
        .configuration(
            file: source.location,
            reason: "has no \(name) over time: it holds the VAE for single images; videos need the whole Wan2.1 VAE")
    }

    /// A 1x1 convolution as a linear layer.
    func pointwise(_ name: String, _ outputs: Int, _ inputs: Int) throws -> any LinearWeights {
        let weight = try tensor(
            name + ".weight", [outputs, inputs, 1, 1], or: [[outputs, inputs], [outputs, inputs, 1, 1, 1]])
        let source = LinearSource(
            weight: weight.reshaped([outputs, inputs]), bias: try vector(name + ".bias", outputs))
        guard findings == nil else { return UnpackedLayer([source]) }
        return try compute.pack([source], .stacked)
    }

    /// `x / ||x|| * sqrt(channels) * gamma` over the channels.
    ///
    /// - Parameter axes: extents of 1 behind the channels in the official file.
    func channelNorm(_ name: String, _ channels: Int, axes: Int = 3) throws -> Norm {
        let shapes = [axes, 3, 2, 0].map { [channels] + [Int](repeating: 1, count: $0) }
        let gamma = try tensor(name + ".gamma", shapes[0], or: shapes).floats()
        let root = Float(gamma.count).squareRoot()
        return Norm(.l2, weight: Tensor(gamma.map { $0 * root }, shape: [gamma.count]), epsilon: 1e-12)
    }
}

/// What an inspection makes of a convolution: its sizes.
struct UnpackedConvolution: ConvolutionWeights {
    let inputs: Int
    let outputs: Int
    let geometry: ConvolutionGeometry
    var byteCount: Int { 0 }
}

extension Tensor {
    /// `[o, i, t, k, k]`, t at least 1 -> its slice at the last t, `[o, i, k, k]` float32.
    package func lastTemporalSlice() -> Tensor { temporalSlice(shape[2] - 1) }

    /// `[o, i, t, k, k]` -> its slice at one t, `[o, i, k, k]` float32.
    package func temporalSlice(_ time: Int) -> Tensor {
        precondition(shape.count == 5 && (0..<shape[2]).contains(time))
        let (outer, times, inner) = (shape[0] * shape[1], shape[2], shape[3] * shape[4])
        let values = floats()
        var slice: [Float] = []
        slice.reserveCapacity(outer * inner)
        for o in 0..<outer {
            let start = (o * times + time) * inner
            slice += values[start..<start + inner]
        }
        return Tensor(slice, shape: [shape[0], shape[1], shape[3], shape[4]])
    }

    /// Some elements of a vector.
    fileprivate func elements(_ range: Range<Int>) -> Tensor { Tensor(Array(floats()[range]), shape: [range.count]) }
}
