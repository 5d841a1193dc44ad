/// A long computation cut into stages, so that whoever drives it can stop, or do something else, in between.
///
/// Stages run in the order in which they were added. Those that a running stage adds come next, before what was there already.
public final class Stages {
    private var pending: [() throws -> Void] = []  // the next one last
    private var added: [() throws -> Void] = []

    /// Nothing to do yet.
    public init() {}

    /// Adds a stage.
    public func add(_ stage: @escaping () throws -> Void) { added.append(stage) }

    /// Adds the stages of another computation, of which nothing may run otherwise.
    public func add(_ other: Stages) {
        add { [unowned self] in
            try other.runNext()
            if !other.isEmpty { add(other) }
        }
    }

    /// Whether everything has been done.
    public var isEmpty: Bool { pending.isEmpty && added.isEmpty }

    /// Runs the next stage.
    /// - Throws: what the stage throws. The computation can't go on then.
    public func runNext() throws {
        pending += added.reversed()
        added.removeAll(keepingCapacity: true)
        try pending.popLast()?()
    }

    /// Runs all that is left.
    public func finish() throws {
        while !isEmpty { try runNext() }
    }
}
