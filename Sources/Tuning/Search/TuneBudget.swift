public import FlashU
import Foundation

/// What may be spent on a task, and on what.
package struct TuneBudget: Sendable {
    /// Parts of a search, in order.
    package enum Part: Sendable {
        /// References and schedules.
        case schedules
        /// Knobs by turns.
        case options
        /// Knobs, and more of the kind of those that did best.
        case knobs
        /// Combinations.
        case choice
    }

    /// Seconds of the whole run up to which this task may go.
    package let seconds: Double
    private let start: Double
    /// Samples of each set.
    package let search, choice, verdict: Int
    /// Combinations that are tried for each limit.
    package let tries: Int
    /// Samples that run between two lines of the journal.
    package let handful: Int

    /// Shares of a task's time up to which is searched and compared; the rest judges at last, and is never less than two samples take.
    private let knobsEnd, choiceEnd: Double

    /// Divides what there is.
    ///
    /// - Parameters:
    ///   - start: seconds of the run already spent when the task begins.
    ///   - seconds: of this task.
    ///   - sample: seconds that the exact engine takes for a sample, with looking at it.
    ///   - cost: what the average candidate costs, as a share of that.
    ///   - options: candidates of the search.
    ///   - available: samples of each set that there are.
    package init(
        start: Double, seconds: Double, sample: Double, cost: Double, options: Int, tries: Int, limits: Int,
        available: (search: Int, choice: Int, verdict: Int)
    ) {
        (self.start, self.seconds, self.tries) = (start, start + seconds, tries)
        let leastVerdict = 2 * sample * (1 + cost * Double(2 * limits))
        choiceEnd = 1 - min(0.5, max(0.15, leastVerdict / max(seconds, 1e-9)))
        knobsEnd = 0.55 * choiceEnd
        // Few are hopeless after a quarter of the samples: those beyond one that is are not tried.
        let search = knobsEnd * seconds / (sample * (1 + cost * Double(options) * 0.9))
        // Half of the time is for what the first samples leave open.
        let choice = 0.5 * (choiceEnd - knobsEnd) * seconds / (sample * (1 + cost * Double(tries * limits) * 0.7))
        let verdict = (1 - choiceEnd) * seconds / (sample * (1 + cost * Double(2 * limits)))
        self.search = min(available.search, max(2, Int(search)))
        self.choice = min(available.choice, max(2, Int(choice)))
        self.verdict = min(available.verdict, max(2, Int(verdict)))
        handful = max(1, Int(20 / max(sample, 1e-3)))
    }

    /// Seconds of the whole run up to which a part may go.
    package func end(_ part: Part) -> Double {
        let share =
            switch part {
            case .schedules: 0.5 * knobsEnd
            case .options: 0.85 * knobsEnd
            case .knobs: knobsEnd
            case .choice: choiceEnd
            }
        return start + share * (seconds - start)
    }

    /// Whether a part may go on.
    package func has(_ part: Part, _ spent: Double) -> Bool { spent < end(part) }
}

/// How far tuning is.
public struct TuneProgress: Sendable {
    /// What is tuned.
    public let task: Calibration.Task
    /// `reference`, `schedules`, `knobs`, `combinations` or `verdict`.
    public let stage: String
    /// What runs.
    public let candidate: String
    /// Seconds spent, by interrupted runs too.
    public let spent: Double
    /// Seconds that may be spent.
    public let of: Double
}
