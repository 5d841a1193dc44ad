package import Compute
public import FlashU
import Images
public import ShowO2
import Tensors

/// A request on its way through the engine: it owns all of its state, and advances by units, so that whoever drives it can stop, or let other jobs
/// have a turn, in between. Command line, library and server drive the same jobs, usually by a ``Scheduler``.
public class Job {
    /// What ``advance(for:)`` did.
    public enum Unit: Sendable, Equatable {
        /// Some stages of a computation that goes on: layers of a prefill or an evaluation, parts of the VAE.
        case stages
        /// The sequence has read what precedes the image or the answer.
        case read
        /// An evaluation of the velocity.
        case evaluation
        /// Tokens of an answer.
        case tokens(Int)
        /// An image was decoded.
        case image
        /// An answer is complete.
        case answer
    }

    /// Which of the two things it does.
    public let task: Calibration.Task
    /// The memory that it will take at most, weights not included.
    public let estimate: MemoryEstimate

    let network: ShowO2Model
    /// Videos whose frames it waits for. Cancelling them wakes it, from any thread.
    let frames: [any FrameSource]
    package let stages = Stages()
    /// A token that waits to be read; the job goes on when the logits after it are known.
    package var waiting: WaitingToken?
    private lazy var ownBatch = DecodeBatch()
    private var done: Unit?
    private var unitStart: (time: ContinuousClock.Instant, operations: OperationMeter.Reading)?
    private var spentBefore = Spent()

    /// A sequence that wants to be continued by one token.
    package struct WaitingToken {
        let sequence: TokenSequence
        let id: Int
        package let plan: ReadingPlan
        /// Takes the logits `[1, vocabulary]` float32 that follow.
        let accept: (Tensor) throws -> Void
    }

    /// Time and operations of a job, those of others that run in between not included.
    struct Spent {
        var seconds = 0.0
        var operations = OperationMeter.Reading()

        static func + (a: Spent, b: Spent) -> Spent {
            Spent(seconds: a.seconds + b.seconds, operations: a.operations + b.operations)
        }

        static func - (later: Spent, earlier: Spent) -> Spent {
            Spent(
                seconds: later.seconds - earlier.seconds, operations: later.operations - earlier.operations)
        }
    }

    /// - Parameter frames: videos whose frames the job waits for; they end with it.
    init(
        _ task: Calibration.Task, on network: ShowO2Model, estimate: MemoryEstimate,
        waitingFor frames: [any FrameSource] = []
    ) {
        self.task = task
        self.network = network
        self.estimate = estimate
        self.frames = frames
    }

    deinit { for frames in frames { frames.cancel() } }

    /// Whether nothing is left to do.
    public var isDone: Bool { stages.isEmpty && waiting == nil }

    /// What the job has taken so far.
    var spent: Spent {
        guard let start = unitStart else { return spentBefore }
        return spentBefore
            + Spent(
                seconds: (ContinuousClock.now - start.time).inSeconds,
                operations: network.compute.meter.reading - start.operations)
    }

    /// Does one unit: to the end of an evaluation, of a prefill, of a token, or, where that takes longer than `seconds`, as many stages as fit (at
    /// least one); less where the next stage needs something that isn't there (`Stages.awaited`), for which a ``Scheduler`` waits.
    ///
    /// - Returns: what was done.
    /// - Throws: what the job throws; it can't go on then.
    public final func advance(for seconds: Double = Job.unitSeconds) throws -> Unit {
        if stages.isEmpty, waiting != nil {
            if let error = Job.decode([self], ownBatch).first ?? nil { throw error }
            return .tokens(1)
        }
        return try measured {
            let deadline = ContinuousClock.now + .seconds(seconds)
            done = nil
            repeat {
                try stages.runNext()
            } while done == nil && !stages.isEmpty && stages.awaited == nil
                && ContinuousClock.now < deadline
            return done ?? .stages
        }
    }

    /// Long enough that changing from job to job costs nothing, short enough to be interrupted.
    public static let unitSeconds = 0.1

    /// Says, in a stage, that it ends a unit.
    final func finish(_ unit: Unit) { done = unit }

    /// Reads the waiting tokens of several jobs, whose plans are equal, at once.
    ///
    /// - Returns: for each job what it threw, if anything.
    package static func decode(_ jobs: [Job], _ batch: DecodeBatch) -> [(any Error)?] {
        let tokens = jobs.compactMap(\.waiting)
        precondition(tokens.count == jobs.count && tokens.allSatisfy { $0.plan == tokens[0].plan })
        guard let plan = tokens.first?.plan else { return [] }
        let start = (time: ContinuousClock.now, operations: jobs[0].network.compute.meter.reading)
        let logits: Tensor
        do {
            logits = try batch.logits(after: tokens.map { ($0.sequence, $0.id) }, plan)
        } catch {
            return jobs.map { _ in error }
        }
        // Each pays its share.
        let share = Spent(
            seconds: (ContinuousClock.now - start.time).inSeconds / Double(jobs.count),
            operations: (jobs[0].network.compute.meter.reading - start.operations).divided(by: jobs.count))
        return zip(jobs, tokens).enumerated().map { i, one in
            let (job, token) = one
            job.spentBefore = job.spentBefore + share
            do {
                try job.measured {
                    job.waiting = nil
                    try token.accept(logits.rows(i..<i + 1))
                }
                return nil
            } catch { return error }
        }
    }

    /// Does `body` on this job's account.
    private func measured<Result>(_ body: () throws -> Result) throws -> Result {
        unitStart = (.now, network.compute.meter.reading)
        defer {
            spentBefore = spent
            unitStart = nil
        }
        return try body()
    }
}
