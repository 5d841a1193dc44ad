/// A weight `[outputs, inputs]` in 8 or 4 bits.
///
/// In 8 bits element `[o, i]` is `values[o, i] * scales[o]`. In 4 bits it is `scales[o] * step * (q - zero)`: q of 0 ... 15, and for each ``group`` inputs of
/// an output a step of 3 ... 18 and a zero of 0 ... 15.
public struct QuantizedMatrix: Sendable {
    /// In 8 bits `[outputs, inputs]` int8; in 4 bits `[outputs, (inputs + 1) / 2]` uint8, `q[2 i] + 16 * q[2 i + 1]`.
    public let values: Tensor
    /// `[outputs]` float32.
    public let scales: Tensor
    /// In 4 bits `[outputs, groups]` uint8, `zero + 16 * (step - 3)`; in 8 bits nil.
    public let steps: Tensor?

    /// Inputs of an output that share a step and a zero.
    public static let group = 32

    /// Given parts, whose shapes must fit.
    public init(values: Tensor, scales: Tensor, steps: Tensor? = nil) {
        precondition(values.shape.count == 2 && scales.dtype == .float32 && scales.count == values.shape[0])
        precondition(values.dtype == (steps == nil ? .int8 : .uint8))
        precondition(steps.map { $0.dtype == .uint8 && $0.shape.count == 2 && $0.shape[0] == values.shape[0] } ?? true)
        self.values = values
        self.scales = scales
        self.steps = steps
    }

    /// 8 or 4.
    public var bits: Int { steps == nil ? 8 : 4 }
    /// Rows.
    public var outputs: Int { values.shape[0] }
    /// Columns. A width that is odd is not kept in 4 bits.
    public var inputs: Int { values.shape[1] * (8 / bits) }

    /// Bytes of a weight of that size with all that belongs to it.
    public static func byteCount(_ outputs: Int, _ inputs: Int, bits: Int) -> Int {
        let row = bits == 8 ? inputs : (inputs + 1) / 2 + groups(inputs)
        return outputs * (row + 4)
    }

    /// Groups of an output's inputs.
    public static func groups(_ inputs: Int) -> Int { (inputs + group - 1) / group }

    /// Gives what was mapped of it back to the system.
    public func evict() {
        values.evict()
        steps?.evict()
    }

    /// The float32 weight `[outputs, inputs]`.
    public func dequantized() -> Tensor {
        let (out, factors) = (Tensor(zeros: [outputs, inputs]), scales.floats())
        let to = out.pointer.assumingMemoryBound(to: Float.self)
        guard let steps else {
            let from = values.pointer.assumingMemoryBound(to: Int8.self)
            for row in 0..<outputs {
                for i in row * inputs..<(row + 1) * inputs { to[i] = Float(from[i]) * factors[row] }
            }
            return out
        }
        let from = values.pointer.assumingMemoryBound(to: UInt8.self)
        let packed = steps.pointer.assumingMemoryBound(to: UInt8.self)
        let groups = steps.shape[1]
        for row in 0..<outputs {
            for i in 0..<inputs {
                let both = from[(row * inputs + i) / 2]
                let q = Int32(i % 2 == 0 ? both & 15 : both >> 4)
                let step = packed[row * groups + i / Self.group]
                to[row * inputs + i] = Float((Int32(step >> 4) + 3) * (q - Int32(step & 15))) * factors[row]
            }
        }
        return out
    }
}
