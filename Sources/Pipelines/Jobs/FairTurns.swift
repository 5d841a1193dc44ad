package import FlashU

/// Decides whose unit is next, by the seconds that everybody has had: first between questions and drawings, by their weights; then between clients, in
/// equal shares whatever they send; then between a client's own jobs.
///
/// Each level is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) by measured cost: who has had least is next; who comes anew, or comes
/// back, begins where the others are, so that nobody saves up turns; and who was ahead when it left is still ahead when it comes back at once, so that
/// one request after the other has no more than all at once. Over any time in which two want turns, what they have had by their shares differs by one unit
/// of each at most (theorem 1 there). Deficit round-robin (Shreedhar and Varghese, SIGCOMM 1995) bounds this by a quantum more, must know what a unit will
/// take before it runs, and makes a newcomer wait for a round; here costs are known afterwards, and a newcomer is next.
///
/// A client's questions take turns, since their tokens are read together anyway; its drawings come one after the other, since halves of two images are
/// of no use.
package struct FairTurns {
    /// A job that wants a turn.
    package struct Claim: Sendable {
        /// Its place in the order of arrival.
        package let number: Int
        let task: Calibration.Task
        /// Who is charged; nil = a client of its own.
        let client: String?
        /// Its share, beside others of the same task.
        let weight: Double

        /// A claim.
        package init(number: Int, task: Calibration.Task, client: String?, weight: Double? = nil) {
            (self.number, self.task, self.client) = (number, task, client)
            self.weight = max(1e-3, weight ?? Scheduler.weight(of: task))
        }

        fileprivate var payer: Payer { Payer(task: task, client: client, number: client == nil ? number : 0) }
    }

    /// A client among those of one task.
    fileprivate struct Payer: Hashable {
        let task: Calibration.Task
        let client: String?
        let number: Int
    }

    /// What everybody of a level has had, and where who comes anew begins.
    private struct Level<Key: Hashable> {
        private var had: [Key: Double] = [:]
        private var now = 0.0

        /// Who is next of those that want a turn; the first of equals.
        mutating func next(of keys: [Key]) -> Key? {
            for key in keys { had[key] = max(had[key, default: now], now) }
            guard let next = keys.min(by: { had[$0, default: 0] < had[$1, default: 0] }) else { return nil }
            now = max(now, had[next, default: now])
            return next
        }

        mutating func charge(_ key: Key, _ amount: Double) { had[key, default: now] += amount }

        /// Forgets those that want no turn and aren't ahead.
        mutating func keep(_ keys: Set<Key>) { had = had.filter { keys.contains($0.key) || $0.value > now } }

        /// Nobody wants turns: nobody is ahead of anybody.
        mutating func rest() { had = [:] }
    }

    /// Nobody has had anything.
    package init() {}

    private var tasks = Level<Calibration.Task>()
    private var payers: [Calibration.Task: Level<Payer>] = [:]
    private var jobs: [Payer: Level<Int>] = [:]

    /// The number of the job whose unit is next; nil without claims.
    ///
    /// - Parameter claims: those of all jobs that could run, in order of arrival.
    package mutating func next(of claims: [Claim]) -> Int? {
        var present: [Calibration.Task] = []
        for claim in claims where !present.contains(claim.task) { present.append(claim.task) }
        if present.isEmpty { tasks.rest() }
        for task in Calibration.Task.allCases where !present.contains(task) { payers[task]?.rest() }
        tasks.keep(Set(present))
        guard let task = tasks.next(of: present) else { return nil }

        let own = claims.filter { $0.task == task }
        let wanting = own.map(\.payer)
        payers[task, default: Level()].keep(Set(wanting))
        guard let payer = payers[task, default: Level()].next(of: wanting) else { return nil }

        let numbers = own.filter { $0.payer == payer }.map(\.number)
        guard task == .understanding else { return numbers.first }
        jobs[payer, default: Level()].keep(Set(numbers))
        return jobs[payer, default: Level()].next(of: numbers)
    }

    /// Charges what a job took.
    package mutating func charge(_ claim: Claim, seconds: Double) {
        tasks.charge(claim.task, seconds / Scheduler.weight(of: claim.task))
        let share = seconds * Scheduler.weight(of: claim.task) / claim.weight
        payers[claim.task, default: Level()].charge(claim.payer, share)
        if claim.task == .understanding { jobs[claim.payer, default: Level()].charge(claim.number, share) }
    }

    /// Forgets a job that has ended, and its client if no other job is left.
    package mutating func end(_ claim: Claim, left: [Claim]) {
        if !left.contains(where: { $0.payer == claim.payer }) { jobs[claim.payer] = nil }
    }
}
