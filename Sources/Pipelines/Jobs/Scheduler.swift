import Compute
public import FlashU
import Images
import ShowO2

/// Runs jobs on the engine in fair turns: whose unit is next, and what fits into memory.
///
/// Shares of the engine are fair by what was measured (`FairTurns`): questions together have four times the share of drawings, so that an answer
/// begins soon while images are drawn, and images go on all the same; clients have equal shares, whatever they send. Waiting tokens of several answers
/// are read together. Cancelling a task takes effect within a unit (``Job/unitSeconds``, or one stage of the network where that is longer).
public actor Scheduler {
    private nonisolated let executor = QueueExecutor()
    private var entries: [Entry] = []  // in order of arrival
    private var isRunning = false
    private var turns = FairTurns()
    private var tokenTimes = 0
    private let batch = DecodeBatch()
    /// Bytes that the jobs which are admitted at one time may take together; nil = what the system has when a job arrives.
    public private(set) var memoryLimit: Int?

    /// On this actor's own thread, Swift's shared ones stay free.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// One job.
    private final class Entry {
        let job: Job
        let claim: FairTurns.Claim
        var isAdmitted = false
        /// When it last had a token read, among all times.
        var lastToken = 0
        /// Whether somebody waits for what the job needs next.
        var isWatched = false
        let finish: CheckedContinuation<Void, any Error>

        init(_ job: Job, _ claim: FairTurns.Claim, finish: CheckedContinuation<Void, any Error>) {
            (self.job, self.claim, self.finish) = (job, claim, finish)
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
    ///   - client: who is charged for it; nil = a client of its own.
    ///   - weight: nil = its task's.
    ///   - make: makes the job, on this actor's thread.
    /// - Throws: what making and running the job throws; `ModelError/memory(needed:available:)` when it does not fit; `CancellationError`.
    public func run(
        client: String? = nil, weight: Double? = nil, _ make: @Sendable () throws -> Job
    ) async throws {
        try Task.checkCancellation()
        let job = try make()
        try admissible(job)
        arrivals += 1
        let number = arrivals
        let frames = job.frames
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { finish in
                let claim = FairTurns.Claim(number: number, task: job.task, client: client, weight: weight)
                entries.append(Entry(job, claim, finish: finish))
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
    ///   - client: who is charged for it; nil = a client of its own.
    ///   - weight: the job's share of turns; nil = its own.
    ///   - make: makes the job; it gets what the job has to call.
    public nonisolated func stream<Event: Sendable>(
        client: String? = nil, weight: Double? = nil,
        _ make: @escaping @Sendable (@escaping (Event) -> Void) throws -> Job
    ) -> AsyncThrowingStream<Event, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(client: client, weight: weight) { try make { continuation.yield($0) } }
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
            guard let number = turns.next(of: able.map(\.claim)),
                let entry = able.first(where: { $0.claim.number == number })
            else { break }
            if entry.job.stages.isEmpty, let token = entry.job.waiting {
                let others = able.filter {
                    $0 !== entry && $0.job.stages.isEmpty
                        && $0.job.waiting.map { $0.plan == token.plan } ?? false
                }
                // Whose turn it is, and those that have waited longest.
                decode([entry] + others.sorted { $0.lastToken < $1.lastToken })
            } else {
                let before = entry.job.spent.seconds
                do {
                    _ = try entry.job.advance()
                    turns.charge(entry.claim, seconds: entry.job.spent.seconds - before)
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
        let number = entry.claim.number
        Task {
            await awaited.wait()
            wake(number)
        }
    }

    private func wake(_ number: Int) {
        guard let entry = entries.first(where: { $0.claim.number == number }) else { return }
        // Turns that it could not take are not made up for: who comes back begins where the others are.
        entry.isWatched = false
        go()
    }

    /// Reads the waiting tokens of some jobs at once.
    private func decode(_ together: [Entry]) {
        let together = Array(together.prefix(Self.mostTogether))
        tokenTimes += 1
        for entry in together { entry.lastToken = tokenTimes }
        let before = together.map(\.job.spent.seconds)
        let errors = Job.decode(together.map(\.job), batch)
        for ((entry, before), error) in zip(zip(together, before), errors) {
            turns.charge(entry.claim, seconds: entry.job.spent.seconds - before)
            if let error { end(entry, error) } else if entry.job.isDone { end(entry, nil) }
        }
    }

    /// Answers that are continued in one pass at most.
    private static let mostTogether = 16

    private func end(_ entry: Entry, _ error: (any Error)?) {
        entries.removeAll { $0 === entry }
        turns.end(entry.claim, left: entries.map(\.claim))
        // Those that waited for its memory.
        if !isRunning, !entries.isEmpty { go() }
        if let error { entry.finish.resume(throwing: error) } else { entry.finish.resume() }
    }

    private func cancel(_ number: Int) {
        guard let entry = entries.first(where: { $0.claim.number == number }) else { return }
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
            room -= entry.job.estimate.total
        }
    }
}
