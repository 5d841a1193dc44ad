/// The order in which options are tried, so that a search that ends early has seen some of everything: of all families one option in turn.
///
/// Options of an ordered family (the points of one solver, the share of neurons) lose more the more they save. So the middle one comes first, then the
/// middle of the half that its loss points to, until for each limit the last that is within it is known. What lies beyond a hopeless one is not tried, nor,
/// where families compete (solvers do, knobs don't), what computes more than something that is within the limit.
package struct SearchOrder {
    /// Options of one kind.
    package struct Family: Sendable {
        package var options: [Knob.Option]
        /// Whether the options lose and save more from one to the next.
        package var isOrdered: Bool
        /// What each option computes, where only one of all families can be chosen: what computes more than one that is within a limit is not asked for.
        package var work: [Double]?

        package init(_ options: [Knob.Option], isOrdered: Bool, work: [Double]? = nil) {
            (self.options, self.isOrdered, self.work) = (options, isOrdered, work)
        }
    }

    /// One option of a family.
    package struct Place: Hashable, Sendable {
        package var family: Int
        package var option: Int

        package init(family: Int, option: Int) { (self.family, self.option) = (family, option) }
    }

    private struct Outcome {
        var loss, error: Double
    }

    package let families: [Family]
    private let limits: [Double]
    private let hopeless: Double
    private var outcomes: [Place: Outcome] = [:]
    private var nextFamily = 0

    /// - Parameters:
    ///   - limits: losses for which the last option within is looked for, the most important first.
    ///   - hopeless: loss from which on nothing that saves more is tried.
    package init(_ families: [Family], limits: [Double], hopeless: Double) {
        (self.families, self.limits, self.hopeless) = (families, limits, hopeless)
    }

    /// What to try next; nil once that is known which the limits ask for.
    package mutating func next() -> Place? { turn { order, family in order.probe(family) } }

    /// What is left when ``next()`` has nothing more: from each family in turn that which saves most.
    package mutating func rest() -> Place? { turn { order, family in order.open(family).last } }

    /// Of the family whose turn it is, or of the first after it that has something.
    private mutating func turn(_ option: (SearchOrder, Int) -> Int?) -> Place? {
        for step in families.indices {
            let family = (nextFamily + step) % families.count
            guard let option = option(self, family) else { continue }
            nextFamily = family + 1
            return Place(family: family, option: option)
        }
        return nil
    }

    /// What an option lost; a loss of infinity for one that can't be run.
    package mutating func record(_ place: Place, loss: Double, error: Double = 0) {
        outcomes[place] = Outcome(loss: loss.isNaN ? .infinity : loss, error: error.isFinite ? error : 0)
    }

    /// Options of a family that were not tried and of which none that saves less is hopeless.
    private func open(_ family: Int) -> [Int] {
        let options = families[family].options.indices
        let end =
            families[family].isOrdered
            ? options.first { index in
                outcomes[Place(family: family, option: index)].map { $0.loss.isFinite && $0.loss - $0.error > hopeless }
                    ?? false
            } : nil
        return options.filter { $0 < end ?? options.endIndex && outcomes[Place(family: family, option: $0)] == nil }
    }

    private func probe(_ family: Int) -> Int? {
        let open = open(family)
        guard families[family].isOrdered else { return open.first }
        for limit in limits {
            // The strongest that is within, and the mildest beyond it that is not.
            let options = families[family].options.indices
            let within = options.last { isWithin(Place(family: family, option: $0), limit) == true } ?? -1
            let beyond = options.first { $0 > within && isWithin(Place(family: family, option: $0), limit) == false }
            let least = leastWork(within: limit)
            let between = open.filter {
                $0 > within && $0 < beyond ?? options.endIndex
                    && (families[family].work?[$0]).map { $0 < Self.saving * least } ?? true
            }
            if !between.isEmpty { return between[(between.count - 1) / 2] }
        }
        return nil
    }

    /// Share of the work of the best so far that an option computes at most, to be worth a trial.
    private static let saving = 0.97

    private func isWithin(_ place: Place, _ limit: Double) -> Bool? {
        outcomes[place].map { $0.loss + min($0.error, limit / 3) <= limit }
    }

    /// What the option within a limit that computes least computes.
    private func leastWork(within limit: Double) -> Double {
        outcomes.keys.filter { isWithin($0, limit) == true }.compactMap { families[$0.family].work?[$0.option] }.min()
            ?? .infinity
    }
}
