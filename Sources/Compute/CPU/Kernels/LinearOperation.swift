internal import CKernels
import Tensors

/// A product's input in the order in which its tiles read it, in scratch memory of the thread that arranged it.
struct ArrangedRows {
    fileprivate let address: UnsafeMutableRawPointer
    fileprivate let rows: Int
    fileprivate let width: Int
    /// Inputs before those that the rows hold, up to where the weights' own group begins.
    fileprivate let lead: Int
    fileprivate let weightType: PanelType
}

extension ck_linear {
    /// Checks a product of `x` `[rows, inputs]` with a part of packed weights, and makes it.
    ///
    /// - Parameters:
    ///   - inputs: the weights' inputs that `x` holds.
    ///   - outputs: columns of the product; gated neurons are two each.
    ///   - flags: of `store.gatedRows`, `[rows]`.
    static func checked(
        _ x: Tensor, arranged: ArrangedRows?, _ weights: PanelWeights, inputs: Range<Int>, outputs: Range<Int>,
        _ activation: Activation, _ store: LinearStore, flags: UnsafeBufferPointer<UInt8>?, into out: Tensor
    ) -> ck_linear {
        let (rows, panel, type) = (x.rowCount, Int(CK_PANEL), weights.type)
        let gated = activation == .swiGLU
        let columns = gated ? outputs.count / 2 : outputs.count
        precondition(x.width == inputs.count && !inputs.isEmpty, "input \(x.shape) for \(inputs) of a layer")
        precondition(inputs.lowerBound >= 0 && inputs.upperBound <= weights.inputs, "inputs \(inputs)")
        precondition(inputs.lowerBound % (type == .int4 ? 16 : 4) == 0, "a part starts at a lane")
        precondition(outputs.lowerBound >= 0 && outputs.upperBound <= weights.outputs, "outputs \(outputs)")
        precondition(outputs.lowerBound % (gated ? 2 * panel : panel) == 0, "a part starts at a panel")
        precondition(gated == weights.gated, "gated layers are for gated activations")
        precondition(!gated || (outputs.count % 2 == 0 && !store.accumulate && weights.bias == nil))
        precondition(out.rowCount == rows && out.width == columns, "output \(out.shape) for \(rows) x \(columns)")
        precondition(!store.accumulate || out.dtype == .float32, "a sum in \(out.dtype)")
        precondition(!out.overlaps(x) && !out.overlaps(weights.panels), "a product in place")
        precondition(flags.map { $0.count == rows } ?? true, "a mask of other rows")
        let panels = gated ? 2 * ((columns + panel - 1) / panel) : (columns + panel - 1) / panel
        let first = outputs.lowerBound / panel
        precondition(first + panels <= weights.panels.shape[0])
        precondition(
            weights.panels.dtype == type.dtype
                && weights.depth >= type.depth(inputs.upperBound))
        precondition(!type.isQuantized || (inputs.count <= PanelWeights.mostIntegerInputs && weights.scales != nil))

        var operation = ck_linear()
        if let arranged {
            precondition(arranged.rows == rows && arranged.width == inputs.count && arranged.weightType == type)
            precondition(arranged.lead == type.lead(inputs.lowerBound))
            (operation.a, operation.a_type) = (UnsafeRawPointer(arranged.address), Int32(CK_ARRANGED))
        } else {
            precondition(
                ck_arranges(type.kernelType, x.dtype.kernelType, Int64(rows)) == 0, "rows to be arranged first")
            operation.a = UnsafeRawPointer(x.operand([.float32, .bfloat16], "a product's input"))
            operation.a_type = x.dtype.kernelType
        }
        let lead = type.lead(inputs.lowerBound)
        operation.lda = Int64(x.width)
        operation.w_type = type.kernelType
        operation.panels = UnsafeRawPointer(
            weights.panels.operand([type.dtype], "panels")
                + first * type.bytes(weights.depth) + type.bytes(inputs.lowerBound - lead))
        operation.k_stride = Int64(weights.depth)
        operation.scales = weights.scales.map {
            UnsafePointer($0.vector(weights.panels.shape[0] * panel, "scales") + first * panel)
        }
        (operation.rows, operation.k, operation.columns) = (
            Int64(rows), Int64(lead + inputs.count), Int64(outputs.count)
        )
        operation.bias = weights.bias.map { UnsafePointer($0.vector(weights.outputs, "bias") + outputs.lowerBound) }
        operation.gate = store.gate.map { UnsafePointer($0.vector(weights.outputs, "gate") + outputs.lowerBound) }
        operation.gated = flags?.baseAddress
        operation.out = out.operand([.float32, .bfloat16], "a product's output")
        (operation.ldo, operation.out_type) = (Int64(columns), out.dtype.kernelType)
        operation.activation = activation.kernelCode
        operation.store = Int32(store.accumulate ? CK_ACCUMULATE : CK_STORE)
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_linear_task, self, tasks: ck_linear_tasks([self])) }
}

extension ThreadPool {
    /// The rows of `x` as the tiles of such weights read them, in the calling thread's scratch memory; nil where they are read as they lie.
    ///
    /// - Parameter first: the weights' input that the rows begin with.
    func arranged(_ x: Tensor, for weights: PanelWeights, first: Int) -> ArrangedRows? {
        let (rows, width, type) = (Int64(x.rowCount), Int64(x.width), weights.type)
        guard ck_arranges(type.kernelType, x.dtype.kernelType, rows) != 0 else { return nil }
        let lead = type.lead(first)
        let memory = OutOfMemory.scratch(ck_arranged_bytes(type.kernelType, rows, Int64(lead) + width))
        var operation = ck_arrange()
        operation.x = UnsafeRawPointer(x.operand([.float32, .bfloat16], "rows to be arranged"))
        (operation.ldx, operation.x_type, operation.w_type) = (width, x.dtype.kernelType, type.kernelType)
        (operation.rows, operation.k, operation.lead) = (rows, Int64(lead) + width, Int64(lead))
        operation.out = memory
        run(ck_arrange_task, operation, tasks: ck_arrange_tasks([operation]))
        return ArrangedRows(address: memory, rows: x.rowCount, width: x.width, lead: lead, weightType: type)
    }
}

extension ck_linear_stored {
    /// Checks a product of `x` `[rows, inputs]` float32 with weights as they are stored, and makes it.
    static func checked(_ x: Tensor, weight: Tensor, rounds: Bool, bias: Tensor?, into out: Tensor) -> ck_linear_stored
    {
        precondition(weight.shape.count == 2 && weight.count > 0, "a weight of shape \(weight.shape)")
        let (rows, outputs, inputs) = (x.rowCount, weight.shape[0], weight.shape[1])
        precondition(x.width == inputs, "input \(x.shape) for a layer of \(inputs)")
        precondition(out.rowCount == rows && out.width == outputs, "output \(out.shape)")
        precondition(!out.overlaps(x) && !out.overlaps(weight), "a product in place")
        var operation = ck_linear_stored()
        operation.x = UnsafePointer(x.vector(rows * inputs, "a product's input"))
        (operation.rows, operation.k, operation.columns) = (Int64(rows), Int64(inputs), Int64(outputs))
        operation.weight = UnsafeRawPointer(weight.operand([.float32, .bfloat16], "a weight"))
        (operation.weight_type, operation.rounds) = (weight.dtype.kernelType, rounds ? 1 : 0)
        operation.bias = bias.map { UnsafePointer($0.vector(outputs, "bias")) }
        operation.out = out.vector(rows * outputs, "a product's output")
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_linear_stored_task, self, tasks: ck_linear_stored_tasks([self])) }
}
