internal import CKernels
public import Tensors

extension CPUCompute {
    /// Quantises a weight `[outputs, inputs]`: the same integers that ``pack(_:_:bits:)`` makes of it. Scales are not numbers where the weight was not finite.
    ///
    /// - Parameters:
    ///   - bits: 8 or 4.
    ///   - importance: in 4 bits, how much the error of each input counts, `[inputs]` float32; nil = all alike.
    public func quantize(_ weight: Tensor, bits: WeightBits = .eight, importance: Tensor? = nil) -> QuantizedMatrix {
        precondition(weight.shape.count == 2 && bits != .sixteen)
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let source = weight.asFloatOrBFloat16().aligned()
        let isFour = bits == .four
        let values = Tensor(zeros: [outputs, isFour ? (inputs + 1) / 2 : inputs], dtype: isFour ? .uint8 : .int8)
        let scales = Tensor(zeros: [outputs])
        let steps = isFour ? Tensor(zeros: [outputs, QuantizedMatrix.groups(inputs)], dtype: .uint8) : nil
        withExtendedLifetime((source, importance)) {
            ck_quantise_weight.checked(source, into: values, scales: scales, steps: steps, importance: importance)
                .run(on: pool)
        }
        return QuantizedMatrix(values: values, scales: scales, steps: steps)
    }
}
