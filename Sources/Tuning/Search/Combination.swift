/// What a knob did, turned alone.
package struct KnobEffect: Sendable {
    package let knob: String
    package let option: Knob.Option
    /// Points lost besides.
    package let loss: Double
    /// Share of the time.
    package let ratio: Double
}

/// A combination and what is expected of it: losses add up, shares of the time multiply.
struct Combination {
    var candidate: Candidate
    var loss: Double
    var seconds: Double

    /// All combinations of schedules that were run and one option a knob that saves something, up to a loss.
    ///
    /// - Parameter knobs: names, in the order in which they are combined.
    static func all(of schedules: [Trial], _ knobs: [String], _ effects: [KnobEffect], loss most: Double)
        -> [Combination]
    {
        var combinations = schedules.map {
            Combination(candidate: $0.candidate, loss: max(0, $0.meanLoss), seconds: $0.seconds)
        }
        for knob in knobs {
            let own = effects.filter { $0.knob == knob && $0.ratio < 0.99 && $0.loss <= most }
            combinations += combinations.flatMap { combination in
                own.map { effect in
                    Combination(
                        candidate: combination.candidate.with(effect.option, of: knob),
                        loss: combination.loss + max(0, effect.loss), seconds: combination.seconds * effect.ratio)
                }
            }
            // What is dominated by far has no chance: the list stays short.
            combinations = combinations.filter { $0.loss <= most }
            if combinations.count > longest {
                combinations = Array(combinations.sorted { $0.seconds < $1.seconds }.prefix(longest))
            }
        }
        return combinations
    }

    private static let longest = 20_000

    /// The fastest first, but not all of one kind: of combinations that differ in one choice only and are expected to take the same time, one.
    static func varied(_ sorted: [Combination], count: Int) -> [Combination] {
        var chosen: [Combination] = []
        for one in sorted where chosen.count < count {
            let isTwin = chosen.contains { other in
                abs(other.seconds / one.seconds - 1) < 0.03
                    && Set(other.candidate.choices.map { "\($0.key) \($0.value)" })
                        .symmetricDifference(one.candidate.choices.map { "\($0.key) \($0.value)" }).count <= 2
            }
            if !isTwin { chosen.append(one) }
        }
        return chosen
    }
}
