internal import CKernels
import Tensors

extension ck_pack {
    /// Checks the packing of a weight `[outputs, inputs]` into every `step`-th of `panels` `[panels, depth, 16]` from `first` on, and makes it.
    ///
    /// - Parameters:
    ///   - sourceScales: of int8 weights, `[outputs]`.
    ///   - scales: of int8 panels, `[panels * 16]`.
    static func checked(
        _ weight: Tensor, sourceScales: Tensor?, into panels: Tensor, scales: Tensor?, first: Int, step: Int
    ) -> ck_pack {
        precondition(weight.shape.count == 2 && panels.shape.count == 3 && panels.shape[2] == Int(CK_PANEL))
        let (outputs, inputs, depth) = (weight.shape[0], weight.shape[1], panels.shape[1])
        let count = (outputs + Int(CK_PANEL) - 1) / Int(CK_PANEL)
        precondition(inputs <= depth && (depth % 4 == 0 || panels.dtype == .float32), "\(inputs) inputs in \(depth)")
        precondition(first >= 0 && step >= 1 && (count == 0 || first + (count - 1) * step < panels.shape[0]))
        precondition(weight.dtype != .int8 || panels.dtype == .int8, "integers in \(panels.dtype) panels")
        precondition((weight.dtype == .int8) == (sourceScales != nil) && (panels.dtype == .int8) == (scales != nil))
        precondition(!weight.overlaps(panels))
        var operation = ck_pack()
        operation.source = UnsafeRawPointer(weight.operand([.float32, .bfloat16, .int8], "a weight"))
        (operation.source_type, operation.w_type) = (weight.dtype.kernelType, panels.dtype.kernelType)
        operation.source_scales = sourceScales.map { UnsafePointer($0.vector(outputs, "a weight's scales")) }
        (operation.n, operation.k, operation.k_stride) = (Int64(outputs), Int64(inputs), Int64(depth))
        operation.panels = panels.operand([.float32, .bfloat16, .int8], "panels")
        operation.scales = scales.map { $0.vector(panels.shape[0] * Int(CK_PANEL), "scales") }
        (operation.first_panel, operation.panel_step) = (Int64(first), Int64(step))
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_pack_task, self, tasks: ck_pack_tasks([self])) }
}

extension ck_quantise_weight {
    /// Checks the quantisation of a weight `[outputs, inputs]`, and makes it.
    static func checked(_ weight: Tensor, into values: Tensor, scales: Tensor) -> ck_quantise_weight {
        precondition(weight.shape.count == 2 && values.shape == weight.shape)
        var operation = ck_quantise_weight()
        operation.source = UnsafeRawPointer(weight.operand([.float32, .bfloat16], "a weight"))
        operation.source_type = weight.dtype.kernelType
        (operation.n, operation.k) = (Int64(weight.shape[0]), Int64(weight.shape[1]))
        operation.values = values.operand([.int8], "integers").assumingMemoryBound(to: Int8.self)
        operation.scales = scales.vector(weight.shape[0], "scales")
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_quantise_weight_task, self, tasks: ck_quantise_weight_tasks([self])) }
}
