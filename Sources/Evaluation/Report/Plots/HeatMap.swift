/// A matrix as colours: evaluations across, layers upwards.
struct HeatMap {
    var plot: Plot
    /// `[columns][rows]`.
    let values: [[Double]]
    let xLabel: String
    /// What each column is, for the pointer.
    let columns: [String]

    var svg: String {
        var plot = plot
        plot.right = 74
        let rows = values.first?.count ?? 0
        let all = values.joined()
        let colour = Scale(all.min() ?? 0, all.max() ?? 1, from: 0, to: 1)
        let (width, height) = (
            (plot.innerRight - plot.innerLeft) / Double(max(1, values.count)),
            (plot.innerBottom - plot.innerTop) / Double(max(1, rows))
        )
        var body: [String] = []
        for (column, cells) in values.enumerated() {
            for (row, value) in cells.enumerated() {
                body.append(
                    Markup.element(
                        "rect",
                        [
                            "fill": Self.colour(colour(value)),
                            "x": Markup.place(plot.innerLeft + width * Double(column)),
                            "y": Markup.place(plot.innerBottom - height * Double(row + 1)),
                            // A little more than the cell, or background shines through between cells.
                            "width": Markup.place(width + 0.4), "height": Markup.place(height + 0.4),
                        ],
                        Plot.tip("layer \(row), \(columns[column]): \(Markup.number(value))")))
            }
        }
        body += LayerTicks.ticks(rows) { plot.innerBottom - height * ($0 + 0.5) + 4 }.map {
            plot.text("tick end", plot.left - 6, $0.place, $0.label)
        }
        let middle = Markup.place((plot.innerTop + plot.innerBottom) / 2)
        body.append(
            Markup.element(
                "text", ["class": "label middle", "transform": "translate(14 \(middle)) rotate(-90)"], "layer"))
        body += plot.bottomAxis(xLabel, LayerTicks.ticks(values.count) { plot.innerLeft + width * ($0 + 0.5) })
        return plot.svg(body + key(plot, colour))
    }

    /// What the colours mean, on the right.
    private func key(_ plot: Plot, _ colour: Scale) -> [String] {
        let (x, steps) = (plot.innerRight + 12, 24)
        let height = (plot.innerBottom - plot.innerTop) / Double(steps)
        let shades = (0..<steps).map { i in
            Markup.element(
                "rect",
                [
                    "fill": Self.colour((Double(i) + 0.5) / Double(steps)), "x": Markup.place(x),
                    "y": Markup.place(plot.innerBottom - height * Double(i + 1)), "width": "12",
                    "height": Markup.place(height + 0.4),
                ])
        }
        return shades + [
            plot.text("tick", x + 16, plot.innerTop + 8, Markup.number(colour.domain.upperBound)),
            plot.text("tick", x + 16, plot.innerBottom, Markup.number(colour.domain.lowerBound)),
        ]
    }

    /// Dark blue over green to yellow: brightness rises evenly, so that it is read in grey and by the colour-blind too.
    private static func colour(_ share: Double) -> String {
        let stops: [(Double, Double, Double)] = [
            (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
        ]
        let at = min(max(share, 0), 1) * Double(stops.count - 1)
        let first = min(Int(at), stops.count - 2)
        let (a, b, rest) = (stops[first], stops[first + 1], at - Double(first))
        func mix(_ x: Double, _ y: Double) -> Int { Int((x + (y - x) * rest).rounded()) }
        return "rgb(\(mix(a.0, b.0)),\(mix(a.1, b.1)),\(mix(a.2, b.2)))"
    }
}
