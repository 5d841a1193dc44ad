/// Something that a computation needs and that comes from elsewhere, such as a frame that another process decodes.
public protocol Awaited: Sendable {
    /// Whether it is there, or will never be, so that there is nothing to wait for.
    var isReady: Bool { get }
    /// Returns when it is ready; no thread is blocked meanwhile.
    func wait() async
}

/// A long computation cut into stages, so that whoever drives it can stop, or do something else, in between.
///
/// Stages run in the order in which they were added. Those that a running stage adds come next, before what was there already.
public final class Stages {
    private enum Stage {
        case run(() throws -> Void)
        case wait(any Awaited)
        case other(Stages)
    }
    private var pending: [Stage] = []  // the next one last
    private var added: [Stage] = []

    /// Nothing to do yet.
    public init() {}

    /// Adds a stage.
    public func add(_ stage: @escaping () throws -> Void) { added.append(.run(stage)) }

    /// Adds the stages of another computation, of which nothing may run otherwise.
    public func add(_ other: Stages) { added.append(.other(other)) }

    /// Adds a place where others may go on until something is there (``awaited``). Nothing waits by itself: who doesn't ask runs what comes next at once.
    public func add(waitingFor awaited: any Awaited) { added.append(.wait(awaited)) }

    /// What has to be there before the next stage runs; nil = it can run.
    public var awaited: (any Awaited)? {
        switch added.first ?? pending.last {
        case .wait(let awaited): awaited.isReady ? nil : awaited
        case .other(let other): other.awaited
        case .run, nil: nil
        }
    }

    /// Whether everything has been done.
    public var isEmpty: Bool { pending.isEmpty && added.isEmpty }

    /// Runs the next stage.
    /// - Throws: what the stage throws. The computation can't go on then.
    public func runNext() throws {
        pending += added.reversed()
        added.removeAll(keepingCapacity: true)
        switch pending.popLast() {
        case .run(let stage): try stage()
        case .other(let other):
            try other.runNext()
            if !other.isEmpty { added.append(.other(other)) }
        case .wait, nil: break
        }
    }

    /// Runs all that is left.
    public func finish() throws {
        while !isEmpty { try runNext() }
    }
}
