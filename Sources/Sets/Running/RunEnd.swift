import ShowO2

/// What ends a run, where other errors are remembered and the next piece of work is begun.
enum RunEnd {
    /// Whether an error is one that the next piece of work would meet too: a disk that takes no more, memory that does not suffice, or the end of the task.
    static func isCaused(by error: any Error) -> Bool {
        if case ModelError.memory = error { return true }
        return error is SetError || error is CancellationError || Task.isCancelled
    }
}
