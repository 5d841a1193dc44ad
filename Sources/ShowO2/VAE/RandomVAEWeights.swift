public import Tensors

/// A Wan2.1 VAE's weights with random values, made when asked for: time does not depend on values, so they stand in for the
/// checkpoint in benchmarks.
public struct RandomVAEWeights: TensorSource {
    /// What messages call it.
    public let location = "random weights of a VAE"
    private var shapes: [String: [Int]] = [:]

    /// - Parameters:
    ///   - width: channels at full size: 96 in the official VAE. They are 1, 2, 4 and 4 times as many after each halving.
    ///   - latent: channels of a latent pixel.
    public init(width: Int, latent: Int) {
        let widths = [1, 2, 4, 4].map { $0 * width }
        let (narrow, wide) = (widths[0], widths[3])
        convolution("encoder.conv1", narrow, 3)
        var place = 0
        var channels = narrow
        for (level, outputs) in widths.enumerated() {
            for _ in 0..<2 {
                residual("encoder.downsamples.\(place)", outputs, channels)
                channels = outputs
                place += 1
            }
            if level < 3 {
                resampling("encoder.downsamples.\(place)", channels, channels)
                if level > 0 { temporal("encoder.downsamples.\(place)", channels, channels) }
                place += 1
            }
        }
        middle("encoder.middle", wide)
        norm("encoder.head.0", wide)
        convolution("encoder.head.2", 2 * latent, wide)
        convolution("conv1", 2 * latent, 2 * latent, kernel: 1)
        convolution("conv2", latent, latent, kernel: 1)
        convolution("decoder.conv1", wide, latent)
        middle("decoder.middle", wide)
        place = 0
        for (level, outputs) in widths.reversed().enumerated() {
            for _ in 0..<3 {
                residual("decoder.upsamples.\(place)", outputs, channels)
                channels = outputs
                place += 1
            }
            if level < 3 {
                resampling("decoder.upsamples.\(place)", channels / 2, channels)
                if level < 2 { temporal("decoder.upsamples.\(place)", 2 * channels, channels) }
                channels /= 2
                place += 1
            }
        }
        norm("decoder.head.0", narrow)
        convolution("decoder.head.2", 3, narrow)
    }

    private mutating func convolution(_ name: String, _ outputs: Int, _ inputs: Int, kernel: Int = 3) {
        shapes[name + ".weight"] = [outputs, inputs, kernel, kernel, kernel]
        shapes[name + ".bias"] = [outputs]
    }

    private mutating func norm(_ name: String, _ channels: Int) { shapes[name + ".gamma"] = [channels, 1, 1, 1] }

    private mutating func residual(_ prefix: String, _ outputs: Int, _ inputs: Int) {
        norm(prefix + ".residual.0", inputs)
        convolution(prefix + ".residual.2", outputs, inputs)
        norm(prefix + ".residual.3", outputs)
        convolution(prefix + ".residual.6", outputs, outputs)
        if outputs != inputs { convolution(prefix + ".shortcut", outputs, inputs, kernel: 1) }
    }

    private mutating func resampling(_ prefix: String, _ outputs: Int, _ inputs: Int) {
        shapes[prefix + ".resample.1.weight"] = [outputs, inputs, 3, 3]
        shapes[prefix + ".resample.1.bias"] = [outputs]
    }

    private mutating func temporal(_ prefix: String, _ outputs: Int, _ inputs: Int) {
        shapes[prefix + ".time_conv.weight"] = [outputs, inputs, 3, 1, 1]
        shapes[prefix + ".time_conv.bias"] = [outputs]
    }

    private mutating func middle(_ prefix: String, _ channels: Int) {
        residual(prefix + ".0", channels, channels)
        norm(prefix + ".1.norm", channels)
        for (layer, outputs) in [("to_qkv", 3 * channels), ("proj", channels)] {
            shapes["\(prefix).1.\(layer).weight"] = [outputs, channels, 1, 1]
            shapes["\(prefix).1.\(layer).bias"] = [outputs]
        }
        residual(prefix + ".2", channels, channels)
    }

    /// All names, sorted.
    public var names: [String] { shapes.keys.sorted() }

    /// Shape and type: bfloat16 throughout.
    public func info(_ name: String) -> TensorInfo? { shapes[name].map { TensorInfo(shape: $0, dtype: .bfloat16) } }

    /// Uniform values of standard deviation 0.02; norms' weights are 1. The same name gives the same values.
    public func tensor(_ name: String) throws(WeightError) -> Tensor {
        guard let shape = shapes[name] else { throw .missingTensor(name: name, file: location, closest: nil) }
        return .random(shape, named: name, ones: name.hasSuffix("gamma"))
    }
}
