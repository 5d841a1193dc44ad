/// Small histograms side by side, one for each layer, the tasks over each other; each has a logarithmic axis of its own.
struct HistogramGrid {
    /// One layer.
    struct Panel {
        let label: String
        /// Bounds of the bins.
        let edges: [Double]
        let series: [(label: String, style: String, shares: [Double])]
    }

    var plot: Plot
    let label: String
    let panels: [Panel]
    let columns = 4

    var svg: String {
        var plot = plot
        let rows = (panels.count + columns - 1) / columns
        let cell = (width: (plot.width - 16) / Double(columns), height: 118.0)
        plot.left = 8
        plot.height = 56 + cell.height * Double(rows) + 24
        plot.legend = (panels.first?.series ?? []).map { .init(label: $0.label, style: $0.style) }
        var body: [String] = []
        for (i, panel) in panels.enumerated() {
            let x = 8 + cell.width * Double(i % columns)
            let y = 56 + cell.height * Double(i / columns)
            body += draw(panel, plot, left: x + 6, right: x + cell.width - 10, top: y + 14, bottom: y + 92)
        }
        body.append(plot.text("label middle", plot.width / 2, plot.height - 8, label))
        return plot.svg(body)
    }

    private func draw(
        _ panel: Panel, _ plot: Plot, left: Double, right: Double, top: Double, bottom: Double
    ) -> [String] {
        let x = Scale(
            panel.edges.first ?? 1, panel.edges.last ?? 10, from: left, to: right, isLogarithmic: true)
        let most = panel.series.flatMap(\.shares).max() ?? 1
        let y = Scale(0, max(most, 0.001), from: bottom, to: top)
        let outlines = panel.series.map { series in
            var points = [(left, bottom)]
            for (bin, share) in series.shares.enumerated() {
                points += [(x(panel.edges[bin]), y(share)), (x(panel.edges[bin + 1]), y(share))]
            }
            return Markup.element(
                "path", ["class": "area \(series.style)", "d": Plot.path(points + [(right, bottom)]) + "Z"],
                Plot.tip(
                    "\(panel.label), \(series.label): at most \(Markup.percent(series.shares.max() ?? 0)) in a bin"))
        }
        return outlines + [
            plot.line("axis", left, bottom, right, bottom), plot.text("tick", left, top - 2, panel.label),
        ]
            + x.ticks(4).map { plot.text("tick middle", x($0), bottom + 14, Markup.number($0)) }
    }
}
