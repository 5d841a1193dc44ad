internal import CKernels
internal import COneDNN
import Foundation
import Tensors

/// oneDNN's C API behind typed wrappers, for the products that ours are measured against. Primitives run single-threaded: our pool splits the work,
/// so OpenMP's waiting threads never compete with it.
enum OneDNN {
    /// The CPU engine, or nil if oneDNN cannot make one.
    nonisolated(unsafe) static let engine: dnnl_engine_t? = {
        var engine: dnnl_engine_t?
        return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
    }()

    /// Caps oneDNN's instruction set like our own kernels'. Takes effect before the first primitive only.
    static func prepare() {
        _ = capped
    }

    private static let capped: Void = {
        switch getenv("FLASHU_MAX_ISA").map({ String(cString: $0) }) {
        case "portable": dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41)
        case "avx2", "narrow": dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2)
        case "avxvnni": dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2_vnni)
        default: break
        }
    }()

    static func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(ComputeError) {
        if status != dnnl_success { throw .oneDNN(operation: operation(), status: status.rawValue) }
    }

    /// A memory descriptor in the given layout.
    static func descriptor(_ dims: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t)
        throws(ComputeError) -> dnnl_memory_desc_t
    {
        var descriptor = dnnl_memory_desc_t()
        try check(
            dnnl_memory_desc_init_by_tag(&descriptor, Int32(dims.count), dims.map(Int64.init), type, tag),
            "a layout of \(dims)")
        return descriptor
    }

    /// A tensor that a primitive is given: which of its arguments, in what layout, where.
    typealias Argument = (index: Int32, layout: dnnl_memory_desc_t, address: UnsafeMutableRawPointer)
}

/// A compiled primitive with the layouts it wants. Immutable, so any thread may execute it with scratch of its own.
final class OneDNNPrimitive: @unchecked Sendable {
    let handle: dnnl_primitive_t
    let scratchpad: dnnl_memory_desc_t
    let weights: dnnl_memory_desc_t

    /// Compiles `operation`.
    init(_ operation: UnsafeRawPointer, name: String) throws(ComputeError) {
        ck_single_threaded_openmp()
        var attributes: dnnl_primitive_attr_t?
        try OneDNN.check(dnnl_primitive_attr_create(&attributes), name)
        defer { dnnl_primitive_attr_destroy(attributes) }
        try OneDNN.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), name)
        var description: dnnl_primitive_desc_t?
        try OneDNN.check(dnnl_primitive_desc_create(&description, operation, attributes, OneDNN.engine, nil), name)
        defer { dnnl_primitive_desc_destroy(description) }
        guard let pad = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0),
            let weights = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0)
        else { throw .oneDNN(operation: name, status: 0) }
        scratchpad = pad.pointee
        self.weights = weights.pointee
        var primitive: dnnl_primitive_t?
        try OneDNN.check(dnnl_primitive_create(&primitive, description), name)
        guard let primitive else { throw .oneDNN(operation: name, status: 0) }
        handle = primitive
    }

    deinit { dnnl_primitive_destroy(handle) }

    /// Runs on the calling thread, with the thread's scratch.
    func execute(_ arguments: [OneDNN.Argument], name: String) throws(ComputeError) {
        ck_single_threaded_openmp()
        var pad = scratchpad
        let scratch = OutOfMemory.scratch(Int64(dnnl_memory_desc_get_size(&pad)))
        var memories: [dnnl_memory_t?] = []
        defer { for memory in memories { dnnl_memory_destroy(memory) } }
        var list: [dnnl_exec_arg_t] = []
        for argument in arguments + [(Int32(DNNL_ARG_SCRATCHPAD), pad, scratch)] {
            var layout = argument.layout
            var memory: dnnl_memory_t?
            try OneDNN.check(dnnl_memory_create(&memory, &layout, OneDNN.engine, argument.address), name)
            memories.append(memory)
            list.append(dnnl_exec_arg_t(arg: argument.index, memory: memory))
        }
        var stream: dnnl_stream_t?
        try OneDNN.check(
            dnnl_stream_create(&stream, OneDNN.engine, UInt32(dnnl_stream_default_flags.rawValue)), name)
        defer { dnnl_stream_destroy(stream) }
        try OneDNN.check(dnnl_primitive_execute(handle, stream, Int32(list.count), list), name)
        try OneDNN.check(dnnl_stream_wait(stream), name)
    }
}
