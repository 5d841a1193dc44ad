import Compute
public import FlashU
import Images
import ShowO2

/// Runs jobs on the engine in fair turns: whose unit is next, and what fits into memory.
///
/// A job's share of the engine is in proportion to its weight: the one that has had least, for its weight, is next. Questions weigh more than
/// drawings, so that an answer begins soon while images are drawn, and images go on all the same. Waiting tokens of several answers are
/// read together. Cancelling a task takes effect within a unit (``Job/unitSeconds``, or one stage of the network where that is longer).
public actor Scheduler {
    private nonisolated let executor = QueueExecutor()
    private var entries: [Entry] = []  // in order of arrival
    private var isRunning = false
    private var virtualTime = 0.0
    private let batch = DecodeBatch()
    /// Bytes that the jobs which are admitted at one time may take together; nil = what the system has when a job arrives.
    public private(set) var memoryLimit: Int?

    /// On this actor's own thread, Swift's shared ones stay free.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// One job.
    private final class Entry {
        let job: Job
        let weight: Double
        let number: Int
        /// Seconds had, divided by the weight; starts where the others are.
        var had = 0.0
        var isAdmitted = false
        /// Whether somebody waits for what the job needs next.
        var isWatched = false
        let finish: CheckedContinuation<Void, any Error>

        init(_ job: Job, weight: Double, number: Int, finish: CheckedContinuation<Void, any Error>) {
            (self.job, self.weight, self.number, self.finish) = (job, weight, number, finish)
        }
    }

    private var arrivals = 0

    /// A scheduler without jobs.
    public init(memoryLimit: Int? = nil) { self.memoryLimit = memoryLimit }

    /// Limits what jobs may take from now on; nil = what the system has.
    public func limit(memory bytes: Int?) { memoryLimit = bytes }

    /// A job's weight, unless told otherwise.
    public static func weight(of task: Calibration.Task) -> Double {
        switch task {
        case .generation: 1
        case .understanding: 4
        }
    }

    /// Jobs that are on their way or wait for memory.
    public var jobs: Int { entries.count }

    /// Runs a job to its end, in turns with others.
    ///
    /// - Parameters:
    ///   - weight: nil = its task's.
    ///   - make: makes the job, on this actor's thread.
    /// - Throws: what making and running the job throws; `ModelError/memory(needed:available:)` when it does not fit; `CancellationError`.
    public func run(weight: Double? = nil, _ make: @Sendable () throws -> Job) async throws {
        try Task.checkCancellation()
        let job = try make()
        try admissible(job)
        arrivals += 1
        let number = arrivals
        let frames = job.frames
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { finish in
                let entry = Entry(
                    job, weight: max(1e-3, weight ?? Self.weight(of: job.task)), number: number, finish: finish)
                entry.had = virtualTime
                entries.append(entry)
                go()
            }
        } onCancel: {
            for frames in frames { frames.cancel() }
            Task { await cancel(number) }
        }
    }

    /// Runs a job and streams what it emits. Ending the iteration cancels it.
    ///
    /// - Parameters:
    ///   - weight: the job's share of turns; nil = its own.
    ///   - make: makes the job; it gets what the job has to call.
    public nonisolated func stream<Event: Sendable>(
        weight: Double? = nil, _ make: @escaping @Sendable (@escaping (Event) -> Void) throws -> Job
    ) -> AsyncThrowingStream<Event, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(weight: weight) { try make { continuation.yield($0) } }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        }
    }

    // MARK: Turns

    private func go() {
        guard !isRunning else { return }
        isRunning = true
        Task { await takeTurns() }
    }

    private func takeTurns() async {
        while !entries.isEmpty {
            admit()
            // Jobs that wait for something from elsewhere have no turn.
            let able = entries.filter { entry in
                guard entry.isAdmitted, !entry.isWatched else { return false }
                guard let awaited = entry.job.stages.awaited else { return true }
                watch(entry, awaited)
                return false
            }
            guard let entry = able.min(by: { $0.had < $1.had }) else { break }
            virtualTime = entry.had
            if entry.job.stages.isEmpty, let token = entry.job.waiting {
                decode(
                    entries.filter {
                        $0.isAdmitted && $0.job.stages.isEmpty && $0.job.waiting.map { $0.plan == token.plan } ?? false
                    })
            } else {
                let before = entry.job.spent.seconds
                do {
                    _ = try entry.job.advance()
                    entry.had += (entry.job.spent.seconds - before) / entry.weight
                    if entry.job.isDone { end(entry, nil) }
                } catch {
                    end(entry, error)
                }
            }
            // Arrivals and cancellations come in here.
            await Task.yield()
        }
        isRunning = false
    }

    /// Wakes a job when what it needs is there, or it was cancelled.
    private func watch(_ entry: Entry, _ awaited: any Awaited) {
        entry.isWatched = true
        let number = entry.number
        Task {
            await awaited.wait()
            wake(number)
        }
    }

    private func wake(_ number: Int) {
        guard let entry = entries.first(where: { $0.number == number }) else { return }
        entry.isWatched = false
        // Turns that it could not take are not made up for.
        entry.had = max(entry.had, virtualTime)
        go()
    }

    /// Reads the waiting tokens of some jobs at once.
    private func decode(_ together: [Entry]) {
        let together = Array(together.prefix(Self.mostTogether))
        let before = together.map(\.job.spent.seconds)
        let errors = Job.decode(together.map(\.job), batch)
        for ((entry, before), error) in zip(zip(together, before), errors) {
            entry.had += (entry.job.spent.seconds - before) / entry.weight
            if let error { end(entry, error) } else if entry.job.isDone { end(entry, nil) }
        }
    }

    /// Answers that are continued in one pass at most.
    private static let mostTogether = 16

    private func end(_ entry: Entry, _ error: (any Error)?) {
        entries.removeAll { $0 === entry }
        // Those that waited for its memory.
        if !isRunning, !entries.isEmpty { go() }
        if let error { entry.finish.resume(throwing: error) } else { entry.finish.resume() }
    }

    private func cancel(_ number: Int) {
        guard let entry = entries.first(where: { $0.number == number }) else { return }
        end(entry, CancellationError())
    }

    // MARK: Memory

    /// Refuses a job that could never run.
    private func admissible(_ job: Job) throws {
        let available = memoryLimit ?? SystemMemory.available
        guard job.estimate.total <= available else {
            throw ModelError.memory(needed: job.estimate.total, available: available)
        }
    }

    /// Admits waiting jobs, in order, as long as all fit.
    private func admit() {
        let running = entries.filter(\.isAdmitted).reduce(0) { $0 + $1.job.estimate.total }
        var room = (memoryLimit ?? max(running, SystemMemory.available)) - running
        for entry in entries where !entry.isAdmitted {
            guard entry.job.estimate.total <= room || !entries.contains(where: \.isAdmitted) else { break }
            entry.isAdmitted = true
            entry.had = max(entry.had, virtualTime)
            room -= entry.job.estimate.total
        }
    }
}
