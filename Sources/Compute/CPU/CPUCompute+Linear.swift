internal import CKernels
public import Tensors

extension CPUCompute {
    /// Packs layers that share an input, of any widths. Gated pairs alternate panel by panel.
    public func pack(_ sources: [LinearSource], _ arrangement: LinearArrangement, bits: WeightBits) throws(ComputeError)
        -> any LinearWeights
    {
        let outputs = try LinearSource.outputs(of: sources, arrangement)
        let inputs = sources[0].shape[1]
        let panel = Int(CK_PANEL)
        let gated = arrangement == .gated
        let type = PanelType(
            inputs > PanelWeights.mostIntegerInputs ? .sixteen : max(bits, precision.fewestBits), activationType)
        // Stacked layers share panels where one ends within: those are joined first.
        let joined = gated || LinearSource.fillPanels(sources) ? sources : [try LinearSource.joined(sources, type.bits)]
        let panelCount = joined.reduce(0) { $0 + ($1.shape[0] + panel - 1) / panel }
        let panels = try Tensor(loading: type.shape(panels: panelCount, inputs: inputs), dtype: type.dtype)
        let scales = type.isQuantized ? try Tensor(loading: [panelCount * panel]) : nil
        var first = 0
        for (i, source) in joined.enumerated() {
            ck_pack.run(
                source, as: type, into: panels, scales: scales, first: gated ? i : first, step: gated ? 2 : 1, on: pool)
            first += (source.shape[0] + panel - 1) / panel
        }
        return PanelWeights(
            inputs: inputs, outputs: outputs, gated: gated, type: type, panels: panels, scales: scales,
            bias: LinearSource.stackedBias(of: sources))
    }

    /// One product; see ``Compute/linear(_:_:part:_:_:into:)``.
    public func linear(
        _ x: Tensor, _ weights: any LinearWeights, part: LinearPart, _ activation: Activation, _ store: LinearStore,
        into out: Tensor
    ) {
        guard let weights = weights as? PanelWeights else { preconditionFailure("weights of another backend") }
        let (inputs, outputs) = part.ranges(of: weights, activation)
        if x.rowCount == 0 || outputs.isEmpty { return }
        meter.count(
            rows: x.rowCount, inputs: inputs.count, outputs: outputs.count, weights.type.precision)
        let arranged = pool.arranged(x, for: weights, first: inputs.lowerBound)
        (store.gatedRows?.flags).withOptionalBuffer { flags in
            ck_linear.checked(
                x, arranged: arranged, weights, inputs: inputs, outputs: outputs, activation, store, flags: flags,
                into: out
            ).run(on: pool)
        }
    }

    /// See ``Compute/linear(_:once:into:)``.
    public func linear(_ x: Tensor, once source: LinearSource, into out: Tensor) {
        let weight = source.dequantizedWeight.aligned()
        let bias = LinearSource.stackedBias(of: [source])
        meter.count(rows: x.rowCount, inputs: x.width, outputs: out.width, .f32)
        withExtendedLifetime((weight, bias)) {
            ck_linear_stored.checked(
                x, weight: weight, rounds: activationType == .bfloat16, bias: bias, into: out
            ).run(on: pool)
        }
    }
}

extension LinearPart {
    /// The inputs and outputs of the packed product that the part covers. Gated neurons are two outputs each.
    func ranges(of weights: any LinearWeights, _ activation: Activation) -> (inputs: Range<Int>, outputs: Range<Int>) {
        let (inputs, outputs) = (0..<weights.inputs, 0..<weights.outputs)
        switch self {
        case .all: return (inputs, outputs)
        case .inputs(let range):
            precondition(range.lowerBound >= 0 && range.upperBound <= inputs.upperBound, "inputs \(range) of \(inputs)")
            return (range, outputs)
        case .outputs(let range):
            let most = activation == .swiGLU ? outputs.upperBound / 2 : outputs.upperBound
            precondition(range.lowerBound >= 0 && range.upperBound <= most, "outputs \(range) of \(most)")
            return (inputs, activation == .swiGLU ? 2 * range.lowerBound..<2 * range.upperBound : range)
        }
    }
}

extension LinearSource {
    /// Width of the packed product, after checking that the sources fit together.
    static func outputs(of sources: [LinearSource], _ arrangement: LinearArrangement) throws(ComputeError) -> Int {
        guard let inputs = sources.first?.shape.last, sources.allSatisfy({ $0.shape.count == 2 }),
            sources.allSatisfy({ $0.shape[1] == inputs })
        else {
            throw .shape("layers of shapes \(sources.map(\.shape)) do not share an input")
        }
        let widths = sources.map { $0.shape[0] }
        if sources.contains(where: { ($0.bias?.count ?? $0.shape[0]) != $0.shape[0] }) {
            throw .shape("a bias does not fit its weight")
        }
        guard inputs > 0, widths.allSatisfy({ $0 > 0 }) else {
            throw .shape("a layer without inputs or outputs: \(sources.map(\.shape))")
        }
        if arrangement == .gated {
            guard sources.count == 2, widths[0] == widths[1], sources.allSatisfy({ $0.bias == nil }) else {
                throw .shape("gated layers need two weights of equal width without bias; got \(widths)")
            }
        }
        return widths.reduce(0, +)
    }

    /// Whether each but the last ends with a panel.
    static func fillPanels(_ sources: [LinearSource]) -> Bool {
        sources.dropLast().allSatisfy { $0.shape[0] % Int(CK_PANEL) == 0 }
    }

    /// Layers that share an input as one, without biases: as they are stored if that is in one type and in so many bits, else in float32.
    static func joined(_ sources: [LinearSource], _ bits: WeightBits) throws(ComputeError) -> LinearSource {
        let matrices = sources.compactMap { $0.quantized(bits) }
        if matrices.count == sources.count {
            let scales = matrices.flatMap { $0.scales.floats() }
            let steps = matrices.compactMap(\.steps)
            return LinearSource(
                .quantized(
                    QuantizedMatrix(
                        values: try stacked(matrices.map(\.values)), scales: Tensor(scales, shape: [scales.count]),
                        steps: steps.isEmpty ? nil : try stacked(steps))))
        }
        let weights = sources.map(\.dequantizedWeight)
        let halves = weights.allSatisfy { $0.dtype == .bfloat16 }
        return LinearSource(weight: try stacked(halves ? weights : weights.map { $0.toFloat32() }))
    }

    /// Matrices of one type and width, one below the other.
    private static func stacked(_ parts: [Tensor]) throws(ComputeError) -> Tensor {
        let all = try Tensor(loading: [parts.reduce(0) { $0 + $1.shape[0] }, parts[0].shape[1]], dtype: parts[0].dtype)
        var row = 0
        for part in parts {
            all.rows(row..<row + part.shape[0]).copy(from: part)
            row += part.shape[0]
        }
        return all
    }

    /// The biases one after the other, zero where a layer has none; nil if none has.
    static func stackedBias(of sources: [LinearSource]) -> Tensor? {
        guard sources.contains(where: { $0.bias != nil }) else { return nil }
        let values = sources.flatMap { $0.bias?.floats() ?? [Float](repeating: 0, count: $0.shape[0]) }
        return Tensor(values, shape: [values.count])
    }
}

extension Tensor {
    /// Itself if float32 or bfloat16, else a float32 copy.
    package func asFloatOrBFloat16() -> Tensor {
        dtype == .float32 || dtype == .bfloat16 ? self : Tensor(floats(), shape: shape)
    }
}

extension Activation {
    var kernelCode: Int32 {
        switch self {
        case .identity: Int32(CK_IDENTITY)
        case .geluTanh: Int32(CK_GELU_TANH)
        case .gelu: Int32(CK_GELU_ERF)
        case .silu: Int32(CK_SILU)
        case .swiGLU: Int32(CK_SWIGLU)
        }
    }
}

extension Optional where Wrapped == [UInt8] {
    /// The bytes, or nil.
    func withOptionalBuffer(_ body: (UnsafeBufferPointer<UInt8>?) -> Void) {
        switch self {
        case .some(let bytes): bytes.withUnsafeBufferPointer(body)
        case .none: body(nil)
        }
    }
}
