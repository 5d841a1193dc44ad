import Evaluation
import Foundation
import Pipelines

/// What tuning found as one HTML page that needs nothing else.
public struct TunePage {
    private let report: TuneReport

    /// The page of a report.
    public init(_ report: TuneReport) { self.report = report }

    /// The document.
    public var html: String {
        let title = "What accelerates \(report.model), and what that costs"
        let intro =
            "Measured on this model against its own exact engine (\(report.precision)) from the same noise, without labels, in "
            + "\(Self.time(report.spent))\(report.tuned.map { " on \($0.machine)" } ?? ""). Losses are points of what the model itself "
            + "sees: of drawings the probability that it finds the prompt in its image (alignment) and how much it would mend it "
            + "(inconsistency), of answers what it thinks it loses by an "
            + "answer that changes (regret). Every number has a 95 % interval over prompts or images."
        return PageParts.document(
            title, [PageParts.paragraph(intro)] + report.tasks.map(section) + [sheet, changes].compactMap(\.self))
    }

    private static func time(_ seconds: Double) -> String {
        seconds < 120
            ? "\(Int(seconds)) s"
            : seconds < 7200 ? "\(Int(seconds / 60)) min" : String(format: "%.1f h", seconds / 3600)
    }

    // MARK: A task

    private func section(_ task: TuneReport.TaskReport) -> String {
        let draws = task.task == "generation"
        let found = task.choices.map { choice in
            let point = choice.chosen
            let rival =
                choice.rival.map {
                    String(
                        format: " %@ %.2fx at %.1f [%.1f, %.1f].",
                        draws ? "Fewer points alone reach" : "A smaller image alone reaches", $0.speedup, $0.loss.mean,
                        $0.loss.low, $0.loss.high)
                } ?? ""
            let refuted = choice.refuted.map {
                String(
                    format: " What seemed faster lost %.1f points ", $0.loss.mean) + Self.interval($0.loss)
                    + " here: \(Self.words($0))."
            }.joined()
            return PageParts.finding(
                String(
                    format: "At most %g points: %.2fx as fast, %.1f points lost ", choice.limit, point.speedup,
                    point.loss.mean)
                    + Self.interval(point.loss) + ". \(Self.words(point))." + rival + refuted)
        }
        return PageParts.section(
            draws ? "Drawing" : "Answering",
            (task.note.map { [PageParts.finding("Take care: \($0).")] } ?? []) + found + [
                PageParts.figure(
                    frontier(task),
                    "All that was tried, by speed and loss; filled: \(Self.plain(task)), the rivals of everything else; rings: chosen, on samples that nothing was chosen by. The lines are the losses allowed."
                ),
                PageParts.paragraph(
                    "Knobs were turned one at a time on: \(task.base.isEmpty ? "the exact engine" : task.base)."),
                PageParts.table(
                    "What each knob costs and buys, alone", ["knob", "setting", "points lost", "time"],
                    task.effects.map {
                        [
                            $0.knob, $0.option, String(format: "%+.2f", $0.loss),
                            String(format: "%.0f %%", 100 * $0.seconds),
                        ]
                    }, isOpen: true),
                PageParts.table(
                    "All points", ["configuration", "measured on", "speed-up", "points lost", "95 %"],
                    task.points.sorted { $0.speedup > $1.speedup }.map {
                        [
                            Self.words($0), "\($0.loss.count) of \($0.set)", String(format: "%.2fx", $0.speedup),
                            String(format: "%.2f", $0.loss.mean), Self.interval($0.loss),
                        ]
                    }),
            ])
    }

    /// What ``Knobs/arePlain(_:)`` means for a task.
    private static func plain(_ task: TuneReport.TaskReport) -> String {
        task.task == "generation" ? "schedules alone" : "a smaller image alone"
    }

    private static func words(_ point: TuneReport.Point) -> String {
        point.choices.isEmpty
            ? "exact engine" : point.choices.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
    }

    private static func interval(_ value: Interval) -> String {
        value.low.isFinite ? String(format: "[%.1f, %.1f]", value.low, value.high) : "(one sample)"
    }

    private func frontier(_ task: TuneReport.TaskReport) -> String {
        let points = task.points.filter { $0.loss.mean.isFinite }
        let most = 2.5 * (report.losses.max() ?? 3)
        let shown = points.filter { $0.loss.mean <= most }
        let plot = Plot(
            id: "frontier-\(task.task)", title: "Points lost against speed",
            description:
                "\(points.count) configurations; \(points.count - shown.count) that lose more than \(Markup.number(most)) points are not shown.",
            height: 380,
            legend: [
                .init(label: Self.plain(task), style: "gen"), .init(label: "combined", style: "und"),
                .init(label: "chosen", style: "both"),
            ])
        let x = Scale(
            1, max(1.5, (shown.map(\.speedup) + task.choices.map(\.chosen.speedup)).max() ?? 2),
            from: plot.innerLeft + 8,
            to: plot.innerRight - 8)
        let y = Scale(
            min(-0.5, shown.map(\.loss.mean).min() ?? 0), most, from: plot.innerBottom - 6, to: plot.innerTop + 6)
        var body = plot.leftAxis("points lost", y)
        for limit in report.losses {
            body.append(plot.line("reference", plot.innerLeft, y(limit), plot.innerRight, y(limit)))
        }
        for point in shown {
            body.append(
                plot.dot(
                    Knobs.arePlain(point.choices) ? "dot gen" : "dot und", x(point.speedup), y(point.loss.mean),
                    radius: point.set == "search" ? 3 : 4,
                    tip: String(format: "%@: %.2fx, %.2f points", Self.words(point), point.speedup, point.loss.mean)))
        }
        for choice in task.choices {
            let point = choice.chosen
            if point.loss.low.isFinite {
                body.append(
                    plot.line("line both", x(point.speedup), y(point.loss.low), x(point.speedup), y(point.loss.high)))
            }
            body.append(
                plot.dot(
                    "both", x(point.speedup), y(point.loss.mean), radius: 6,
                    tip: String(
                        format: "chosen for %g: %.2fx, %.2f points", choice.limit, point.speedup, point.loss.mean)))
        }
        return plot.svg(
            body + plot.bottomAxis("times as fast as the exact engine", x.ticks(7).map { (x($0), Markup.number($0)) }))
    }

    // MARK: Pictures and answers

    private var sheet: String? {
        guard let png = report.sheet else { return nil }
        let columns = (["exact engine"] + report.losses.map { "at most \(Markup.number($0)) points lost" }).joined(
            separator: ", ")
        let image = Markup.element(
            "img",
            [
                "src": "data:image/png;base64,\(png.base64EncodedString())", "alt": "Images drawn by each profile",
                "style": "max-width: 100%",
            ])
        return PageParts.section("The same prompts and noise", [PageParts.figure(image, "Left to right: \(columns).")])
    }

    private var changes: String? {
        guard report.tasks.contains(where: { $0.task == "understanding" }) else { return nil }
        let what = "Answers that the fastest profile changes"
        guard !report.changed.isEmpty else {
            return PageParts.section(what, [PageParts.paragraph("None of those that were looked at.")])
        }
        return PageParts.section(
            what,
            [
                PageParts.table(
                    "\(report.changed.count) of them", ["image", "question", "exact engine", "profile"],
                    report.changed.map { [$0.image, $0.question, $0.exact, $0.answer] }, isOpen: true)
            ])
    }
}
