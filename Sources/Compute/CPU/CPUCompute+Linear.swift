internal import CKernels
public import Tensors

/// A linear layer's weights in panels of 16 output columns, `[panels][depth][16]`; the depth is the inputs rounded up to a multiple of 4.
final class PanelWeights: LinearWeights {
    let inputs: Int
    let outputs: Int
    let panels: Tensor
    /// Of int8 panels, `[panels * 16]`.
    let scales: Tensor?
    let bias: Tensor?

    init(inputs: Int, outputs: Int, panels: Tensor, scales: Tensor?, bias: Tensor?) {
        self.inputs = inputs
        self.outputs = outputs
        self.panels = panels
        self.scales = scales
        self.bias = bias
    }

    var depth: Int { panels.shape[1] }
    var byteCount: Int { panels.byteCount + (scales?.byteCount ?? 0) + (bias?.byteCount ?? 0) }

    /// Inputs beyond which a sum of int8 products could leave int32.
    static let mostInt8Inputs = 131_072
}

extension CPUCompute {
    /// Packs layers that share an input. Gated pairs alternate panel by panel.
    public func pack(_ sources: [LinearSource], _ arrangement: LinearArrangement, quantized: Bool) throws(ComputeError)
        -> any LinearWeights
    {
        let outputs = try LinearSource.outputs(of: sources, arrangement)
        let inputs = sources[0].weight.shape[1]
        let panel = Int(CK_PANEL)
        let panelCount = sources.reduce(0) { $0 + ($1.weight.shape[0] + panel - 1) / panel }
        let depth = (inputs + 3) / 4 * 4
        let dtype = quantized && precision == .int8 && inputs <= PanelWeights.mostInt8Inputs ? .int8 : activationType
        let panels = Tensor(zeros: [panelCount, depth, panel], dtype: dtype)
        let scales = dtype == .int8 ? Tensor(zeros: [panelCount * panel]) : nil
        var first = 0
        for (i, source) in sources.enumerated() {
            // A stacked source of another width than a multiple of 16 would leave a gap in the middle.
            let weight = dtype == .int8 && source.scales != nil ? source.weight : source.dequantizedWeight
            let operation = ck_pack(
                source: weight.pointer, source_type: weight.dtype.kernelType, w_type: dtype.kernelType,
                source_scales: source.scales?.floatPointer, n: Int64(weight.shape[0]), k: Int64(inputs),
                k_stride: Int64(depth), panels: panels.pointer, scales: scales?.floatPointer,
                first_panel: Int64(arrangement == .gated ? i : first), panel_step: arrangement == .gated ? 2 : 1)
            withExtendedLifetime((weight, source)) {
                pool.run(ck_pack_task, operation, tasks: ck_pack_tasks([operation]))
            }
            first += (weight.shape[0] + panel - 1) / panel
        }
        return PanelWeights(
            inputs: inputs, outputs: outputs, panels: panels, scales: scales,
            bias: LinearSource.stackedBias(of: sources))
    }

    /// One product; see ``Compute/linear(_:_:part:_:_:into:)``.
    public func linear(
        _ x: Tensor, _ weights: any LinearWeights, part: LinearPart, _ activation: Activation, _ store: LinearStore,
        into out: Tensor
    ) {
        guard let weights = weights as? PanelWeights else { preconditionFailure("weights of another backend") }
        let rows = x.rowCount
        let (inputs, outputs) = part.ranges(of: weights, activation)
        let columns = activation == .swiGLU ? outputs.count / 2 : outputs.count
        precondition(x.width == inputs.count, "input \(x.shape) for a layer of \(inputs)")
        precondition(out.rowCount == rows && out.width == columns, "output \(out.shape) for \(rows) x \(columns)")
        precondition(!store.accumulate || out.dtype == .float32)
        precondition(outputs.lowerBound % Int(CK_PANEL) == 0, "a part starts at a panel")
        precondition(inputs.lowerBound % 4 == 0, "a part starts at a lane")
        meter.count(rows: rows, inputs: inputs.count, outputs: outputs.count, weights.panels.dtype.precision)
        let first =
            (outputs.lowerBound * weights.depth + inputs.lowerBound * Int(CK_PANEL)) * weights.panels.dtype.size
        let scales = weights.scales.map { $0.floatPointer + outputs.lowerBound }
        let bias = weights.bias.map { $0.floatPointer + outputs.lowerBound }
        let gate = store.gate.map { $0.floatPointer + outputs.lowerBound }
        let arranges = ck_arranges(weights.panels.dtype.kernelType, x.dtype.kernelType, Int64(rows)) != 0
        let input = arranges ? arranged(x, for: weights) : x.pointer
        let type = arranges ? Int32(CK_ARRANGED) : x.dtype.kernelType
        (store.gatedRows?.flags).withOptionalPointer { flags in
            let operation = ck_linear(
                a: input, lda: Int64(x.width), a_type: type, w_type: weights.panels.dtype.kernelType,
                panels: weights.panels.pointer + first, k_stride: Int64(weights.depth), scales: scales,
                rows: Int64(rows), k: Int64(inputs.count), columns: Int64(outputs.count), bias: bias, gate: gate,
                gated: flags,
                out: out.pointer, ldo: Int64(columns), out_type: out.dtype.kernelType,
                activation: activation.kernelCode, store: Int32(store.accumulate ? CK_ACCUMULATE : CK_STORE))
            pool.run(ck_linear_task, operation, tasks: ck_linear_tasks([operation]))
        }
    }
}

extension CPUCompute {
    /// See ``Compute/linear(_:once:into:)``.
    public func linear(_ x: Tensor, once source: LinearSource, into out: Tensor) {
        let weight = source.dequantizedWeight
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        precondition(x.dtype == .float32 && x.width == inputs, "input \(x.shape) for a layer of \(inputs)")
        precondition(out.dtype == .float32 && out.rowCount == x.rowCount && out.width == outputs, "output \(out.shape)")
        precondition(source.bias.map { $0.count == outputs } ?? true, "a bias does not fit its weight")
        meter.count(rows: x.rowCount, inputs: inputs, outputs: outputs, .f32)
        let bias = LinearSource.stackedBias(of: [source])
        withExtendedLifetime((weight, bias)) {
            let operation = ck_linear_stored(
                x: x.floatPointer, rows: Int64(x.rowCount), k: Int64(inputs), weight: weight.pointer,
                weight_type: weight.dtype.kernelType, rounds: activationType == .bfloat16 ? 1 : 0,
                columns: Int64(outputs), bias: bias?.floatPointer, out: out.floatPointer)
            pool.run(ck_linear_stored_task, operation, tasks: ck_linear_stored_tasks([operation]))
        }
    }
}

extension CPUCompute {
    /// The rows of `x` as the tiles of such weights read them, in the calling thread's scratch memory.
    private func arranged(_ x: Tensor, for weights: PanelWeights) -> UnsafeMutableRawPointer {
        let (rows, width, type) = (Int64(x.rowCount), Int64(x.width), weights.panels.dtype.kernelType)
        guard let memory = ck_thread_scratch(ck_arranged_bytes(type, rows, width)) else {
            preconditionFailure("scratch memory never fails")
        }
        let operation = ck_arrange(
            x: x.pointer, ldx: width, x_type: x.dtype.kernelType, w_type: type, rows: rows, k: width, out: memory)
        pool.run(ck_arrange_task, operation, tasks: ck_arrange_tasks([operation]))
        return memory
    }
}

extension LinearPart {
    /// The inputs and outputs of the packed product that the part covers. Gated neurons are two outputs each.
    func ranges(of weights: any LinearWeights, _ activation: Activation) -> (inputs: Range<Int>, outputs: Range<Int>) {
        let (inputs, outputs) = (0..<weights.inputs, 0..<weights.outputs)
        switch self {
        case .all: return (inputs, outputs)
        case .inputs(let range):
            precondition(range.lowerBound >= 0 && range.upperBound <= inputs.upperBound)
            return (range, outputs)
        case .outputs(let range):
            let wide = activation == .swiGLU ? 2 * range.lowerBound..<2 * range.upperBound : range
            precondition(wide.lowerBound >= 0 && wide.upperBound <= outputs.upperBound)
            return (inputs, wide)
        }
    }
}

extension LinearSource {
    /// Width of the packed product, after checking that the sources fit together.
    static func outputs(of sources: [LinearSource], _ arrangement: LinearArrangement) throws(ComputeError) -> Int {
        guard let inputs = sources.first?.weight.shape.last, sources.allSatisfy({ $0.weight.shape.count == 2 }),
            sources.allSatisfy({ $0.weight.shape[1] == inputs })
        else {
            throw .shape("layers of shapes \(sources.map(\.weight.shape)) do not share an input")
        }
        if sources.contains(where: { ($0.weight.dtype == .int8) != ($0.scales?.shape == [$0.weight.shape[0]]) }) {
            throw .shape("an int8 weight needs one scale for each output, and no other weight has any")
        }
        let widths = sources.map { $0.weight.shape[0] }
        if sources.contains(where: { $0.bias.map { $0.count } ?? $0.weight.shape[0] != $0.weight.shape[0] }) {
            throw .shape("a bias does not fit its weight")
        }
        switch arrangement {
        case .gated:
            guard sources.count == 2, widths[0] == widths[1], widths[0] % 16 == 0,
                sources.allSatisfy({ $0.bias == nil })
            else {
                throw .shape(
                    "gated layers need two weights of equal width, a multiple of 16, without bias; got \(widths)")
            }
        case .stacked:
            guard widths.dropLast().allSatisfy({ $0 % 16 == 0 }) else {
                throw .shape("stacked layers need widths that are multiples of 16; got \(widths)")
            }
        }
        return widths.reduce(0, +)
    }

    /// The biases one after the other, zero where a layer has none; nil if none has.
    static func stackedBias(of sources: [LinearSource]) -> Tensor? {
        guard sources.contains(where: { $0.bias != nil }) else { return nil }
        let values = sources.flatMap { $0.bias?.floats() ?? [Float](repeating: 0, count: $0.weight.shape[0]) }
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
    /// The bytes' address, or nil.
    func withOptionalPointer(_ body: (UnsafePointer<UInt8>?) -> Void) {
        switch self {
        case .some(let bytes): bytes.withUnsafeBufferPointer { body($0.baseAddress) }
        case .none: body(nil)
        }
    }
}
