internal import CKernels
public import Tensors

/// A weight in 8 bits, symmetric by output: element `[o, i]` is `values[o, i] * scales[o]`, and `scales[o]` is the output's largest
/// magnitude / 127.
public struct Int8Weight: Sendable {
    /// `[outputs, inputs]` int8.
    public let values: Tensor
    /// `[outputs]` float32. Not a number where the weight was not finite.
    public let scales: Tensor

    /// Given integers and scales, whose shapes must fit.
    public init(values: Tensor, scales: Tensor) {
        precondition(values.dtype == .int8 && scales.dtype == .float32 && scales.count == values.shape.first)
        self.values = values
        self.scales = scales
    }

    /// The float32 weight `[outputs, inputs]`.
    public func dequantized() -> Tensor { values.dequantized(by: scales) }
}

extension CPUCompute {
    /// Quantises a weight `[outputs, inputs]`: the same integers that ``pack(_:_:quantized:)`` makes of it.
    public func quantize(_ weight: Tensor) -> Int8Weight {
        precondition(weight.shape.count == 2)
        let source = weight.asFloatOrBFloat16().aligned()
        let values = Tensor(zeros: weight.shape, dtype: .int8)
        let scales = Tensor(zeros: [weight.shape[0]])
        withExtendedLifetime(source) {
            ck_quantise_weight.checked(source, into: values, scales: scales).run(on: pool)
        }
        return Int8Weight(values: values, scales: scales)
    }
}
