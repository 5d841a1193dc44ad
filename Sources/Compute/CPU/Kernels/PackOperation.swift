internal import CKernels
import Tensors

extension ck_pack {
    /// Packs a layer's weight into every `step`-th of `panels` (``PanelType/shape(panels:inputs:)``) from `first` on: as it is stored if that is in so many
    /// bits, else rounded from floats.
    ///
    /// - Parameter scales: of int8 and int4 panels, `[panels * 16]`.
    static func run(
        _ source: LinearSource, as type: PanelType, into panels: Tensor, scales: Tensor?, first: Int, step: Int,
        on pool: ThreadPool
    ) {
        let matrix = source.quantized(type.bits)
        let values = (matrix?.values ?? source.dequantizedWeight).aligned()
        let (factors, steps) = (matrix?.scales.aligned(), matrix?.steps?.aligned())
        let (outputs, inputs) = (source.shape[0], source.shape[1])
        var operation = checked(
            values, inputs: inputs, type, into: panels, scales: scales, first: first, step: step)
        operation.source_type = matrix == nil ? values.dtype.kernelType : type.kernelType
        operation.source_scales = factors.map { UnsafePointer($0.vector(outputs, "a weight's scales")) }
        operation.source_steps = steps.map {
            precondition($0.shape == [outputs, QuantizedMatrix.groups(inputs)])
            return UnsafePointer($0.operand([.uint8], "steps").assumingMemoryBound(to: UInt8.self))
        }
        withExtendedLifetime((values, factors, steps)) {
            pool.run(ck_pack_task, operation, tasks: ck_pack_tasks([operation]))
        }
    }

    private static func checked(
        _ values: Tensor, inputs: Int, _ type: PanelType, into panels: Tensor, scales: Tensor?, first: Int, step: Int
    ) -> ck_pack {
        let (outputs, panel) = (values.shape[0], Int(CK_PANEL))
        let count = (outputs + panel - 1) / panel
        precondition(panels.shape == type.shape(panels: panels.shape[0], inputs: inputs), "\(inputs) inputs")
        precondition(first >= 0 && step >= 1 && (count == 0 || first + (count - 1) * step < panels.shape[0]))
        precondition(type.isQuantized == (scales != nil) && !values.overlaps(panels))
        var operation = ck_pack()
        operation.source = UnsafeRawPointer(values.operand([.float32, .bfloat16, .int8, .uint8], "a weight"))
        operation.w_type = type.kernelType
        (operation.n, operation.k, operation.k_stride) = (Int64(outputs), Int64(inputs), Int64(type.depth(inputs)))
        operation.panels = panels.operand([type.dtype], "panels")
        operation.scales = scales.map { $0.vector(panels.shape[0] * panel, "scales") }
        (operation.first_panel, operation.panel_step) = (Int64(first), Int64(step))
        return operation
    }
}

extension ck_quantise_weight {
    /// Checks the quantisation of a weight `[outputs, inputs]`, and makes it.
    ///
    /// - Parameter steps: in 4 bits `[outputs, groups]`.
    static func checked(_ weight: Tensor, into values: Tensor, scales: Tensor, steps: Tensor?, importance: Tensor?)
        -> ck_quantise_weight
    {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        precondition(values.shape == [outputs, steps == nil ? inputs : (inputs + 1) / 2])
        precondition(steps.map { $0.shape == [outputs, QuantizedMatrix.groups(inputs)] } ?? true)
        var operation = ck_quantise_weight()
        operation.source = UnsafeRawPointer(weight.operand([.float32, .bfloat16], "a weight"))
        operation.source_type = weight.dtype.kernelType
        operation.w_type = Int32(steps == nil ? CK_I8 : CK_I4)
        (operation.n, operation.k) = (Int64(outputs), Int64(inputs))
        operation.values = values.operand([.int8, .uint8], "integers").assumingMemoryBound(to: Int8.self)
        operation.scales = scales.vector(outputs, "scales")
        operation.steps = steps.map { $0.operand([.uint8], "steps").assumingMemoryBound(to: UInt8.self) }
        operation.importance = importance.map { UnsafePointer($0.vector(inputs, "importance")) }
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_quantise_weight_task, self, tasks: ck_quantise_weight_tasks([self])) }
}
