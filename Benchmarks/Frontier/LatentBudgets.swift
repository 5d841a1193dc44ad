import Foundation
import Pipelines

/// What is nearest to the solution within so many seconds: the best solver with fewer points, the best fixed schedule, the best that decides at run time.
///
/// Each is chosen by every second prompt and compared by the others, so that luck in the choice doesn't count.
struct LatentBudgets {
    /// What a configuration came to.
    struct Entry {
        let configuration: FrontierConfiguration
        /// Seconds an image, without its VAE.
        let seconds: Double
        /// Relative latent error of each prompt.
        let errors: [Double]

        /// The geometric mean over prompts of one parity.
        func error(_ parity: Int) -> Double {
            let logs = stride(from: parity, to: errors.count, by: 2).map { log(max(errors[$0], 1e-12)) }
            return exp(logs.reduce(0, +) / Double(max(logs.count, 1)))
        }
    }

    private(set) var entries: [Entry] = []

    mutating func add(_ entry: Entry) { entries.append(entry) }

    /// A table in Markdown: a line a budget, in shares of what the most points of plain Euler take.
    func markdown() -> String {
        let longest =
            entries.filter { $0.configuration.group == "solver" && $0.configuration.name == "euler" }
            .map(\.seconds).max() ?? 0
        var lines = [
            "| seconds | best solver | best fixed schedule | best that decides at run time | error of the best solver over that of the best mechanism |",
            "|---|---|---|---|---|",
        ]
        for share in [1, 0.8, 0.65, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1] {
            let best = FrontierConfiguration.Kind.allCases.map { kind in
                entries.filter { $0.configuration.kind == kind && $0.seconds <= share * longest }
                    .min { $0.error(0) < $1.error(0) }
            }
            let mechanism = best[1...].compactMap { $0 }.min { $0.error(0) < $1.error(0) }
            let cells = best.map { $0.map { "\($0.configuration.short): \(Self.number($0.error(1)))" } ?? "" }
            var ratio = ""
            if let solver = best[0], let mechanism { ratio = Self.ratio(solver, mechanism) }
            lines.append("| \(Self.number(share * longest)) | \(cells.joined(separator: " | ")) | \(ratio) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The geometric mean of the prompts' ratios, with its 95 % interval.
    private static func ratio(_ one: Entry, _ other: Entry) -> String {
        let logs = stride(from: 1, to: one.errors.count, by: 2).map {
            log(max(one.errors[$0], 1e-12) / max(other.errors[$0], 1e-12))
        }
        let interval = Interval(of: logs)
        return "\(number(exp(interval.mean))) [\(number(exp(interval.low))), \(number(exp(interval.high)))]"
    }

    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }
}

extension FrontierConfiguration {
    /// Whether a configuration is a rival, follows a schedule, or looks.
    enum Kind: CaseIterable { case solver, fixed, adaptive }

    var kind: Kind { group == "solver" ? .solver : group.hasPrefix("adaptive") ? .adaptive : .fixed }

    /// Without the group.
    fileprivate var short: String { name + (points.map { ", \($0) points" } ?? "") }
}
