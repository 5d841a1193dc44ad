internal import CKernels

/// The threads that one engine computes on. The calling thread is one of them.
///
/// Operations are cut into tasks by their shape alone, so the number of threads never changes a result.
final class ThreadPool: @unchecked Sendable {
    private let pool: OpaquePointer

    init(threads: Int) throws(ComputeError) {
        guard threads > 0, threads <= 1024, let pool = ck_pool_create(Int32(threads)) else {
            throw .threads(threads)
        }
        self.pool = pool
    }

    deinit { ck_pool_destroy(pool) }

    var threads: Int { Int(ck_pool_threads(pool)) }

    /// Runs a C kernel's tasks on `operation`, which lives until all are done.
    func run<Operation>(_ task: ck_task, _ operation: Operation, tasks: Int32) {
        withUnsafePointer(to: operation) { ck_pool_run(pool, task, $0, tasks) }
    }

    /// Runs `body(0)` ... `body(count - 1)` in any order, on all threads; nothing where `count` is not positive.
    func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        precondition(count <= Int(Int32.max), "\(count) tasks")
        guard count > 0 else { return }
        withoutActuallyEscaping(body) { escaping in
            run(
                { context, index in
                    context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(index))
                }, escaping, tasks: Int32(count))
        }
    }
}
