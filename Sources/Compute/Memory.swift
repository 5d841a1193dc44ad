internal import CKernels
package import Tensors

extension OutOfMemory {
    /// Scratch memory of the calling thread; see `ck_thread_scratch`.
    package static func scratch(_ bytes: Int64) -> UnsafeMutableRawPointer {
        guard let memory = ck_thread_scratch(bytes) else { end(bytes: Int(bytes)) }
        return memory
    }

    /// Ends the program in the same way where a kernel, on whatever thread, finds no memory.
    static let isTheKernelsLastResort: Void = ck_on_out_of_memory { OutOfMemory.end(bytes: Int($0)) }
}

extension Tensor {
    /// A zeroed tensor, for what is loaded: that it doesn't fit is an error.
    package init(loading shape: [Int], dtype: DType = .float32) throws(ComputeError) {
        do throws(OutOfMemory) {
            try self.init(allocating: shape, dtype: dtype)
        } catch {
            throw .memory(bytes: error.bytes)
        }
    }
}
