import Dispatch

/// A thread of its own for an actor.
final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "flashu.worker", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
