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

        /// Logarithms of the errors that the choice sees.
        var choosing: [Double] { logarithms(from: 0) }
        /// Logarithms of the errors that it is compared by.
        var comparing: [Double] { logarithms(from: 1) }

        private func logarithms(from first: Int) -> [Double] {
            stride(from: first, to: errors.count, by: 2).map { log(max(errors[$0], 1e-12)) }
        }
    }

    var entries: [Entry] = []

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
            let affordable = entries.filter { $0.seconds <= share * longest }
            let best = FrontierConfiguration.Kind.allCases.map { kind in
                Self.nearest(affordable.filter { $0.configuration.kind == kind })
            }
            let cells = best.map { $0.map { "\($0.configuration.shortTitle): \(Self.told($0.comparing))" } ?? "" }
            var ratio = ""
            if let solver = best[0], let mechanism = Self.nearest(best[1...].compactMap(\.self)) {
                let interval = Interval(of: zip(solver.comparing, mechanism.comparing).map { $0 - $1 })
                let (mean, low, high) = (exp(interval.mean), exp(interval.low), exp(interval.high))
                ratio = "\(Self.number(mean)) [\(Self.number(low)), \(Self.number(high))]"
            }
            lines.append("| \(Self.number(share * longest)) | \(cells.joined(separator: " | ")) | \(ratio) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func nearest(_ entries: [Entry]) -> Entry? {
        entries.min { mean($0.choosing) < mean($1.choosing) }
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }

    /// The geometric mean.
    private static func told(_ logarithms: [Double]) -> String { number(exp(mean(logarithms))) }

    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }
}

extension FrontierConfiguration {
    /// Whether a configuration is a rival, follows a schedule, or looks.
    enum Kind: CaseIterable { case solver, fixed, adaptive }

    var kind: Kind { group == "solver" ? .solver : group.hasPrefix("adaptive") ? .adaptive : .fixed }
}
