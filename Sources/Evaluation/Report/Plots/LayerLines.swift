/// Values by layer, as lines.
struct LayerLines {
    /// A line; where there is no value, it is broken.
    struct Line {
        let label: String
        let style: String
        let values: [Double?]
        /// The least and the greatest value at each layer, shaded behind the line.
        var band: (low: [Double], high: [Double])?
    }

    var plot: Plot
    let label: String
    let lines: [Line]
    /// Values that the axis must hold.
    var including: ClosedRange<Double>?

    var svg: String {
        var plot = plot
        plot.legend = lines.map { .init(label: $0.label, style: $0.style) }
        let values =
            lines.flatMap { $0.values.compactMap(\.self) + ($0.band.map { $0.low + $0.high } ?? []) }
            + (including.map { [$0.lowerBound, $0.upperBound] } ?? [])
        let y = Scale(values.min() ?? 0, values.max() ?? 1, from: plot.innerBottom, to: plot.innerTop)
        let count = lines.map(\.values.count).max() ?? 0
        let x = Scale(0, Double(max(1, count - 1)), from: plot.innerLeft + 12, to: plot.innerRight - 12)
        var body = plot.leftAxis(label, y)
        if y.domain.contains(0) { body.append(plot.line("axis", plot.innerLeft, y(0), plot.innerRight, y(0))) }
        for line in lines {
            if let band = line.band {
                let upper = band.high.enumerated().map { (x(Double($0)), y($1)) }
                let lower = band.low.enumerated().reversed().map { (x(Double($0)), y($1)) }
                body.append(
                    Markup.element(
                        "path", ["class": "band \(line.style)", "d": Plot.path(upper + lower) + "Z"],
                        Plot.tip("\(line.label): from the least to the greatest")))
            }
        }
        for line in lines {
            let known = line.values.enumerated().map { layer, value in value.map { (x(Double(layer)), y($0)) } }
            for run in known.split(whereSeparator: { $0 == nil }) {
                body.append(
                    Markup.element("path", ["class": "line \(line.style)", "d": Plot.path(run.compactMap(\.self))]))
            }
            for (layer, value) in line.values.enumerated() {
                guard let value else { continue }
                body.append(
                    plot.dot(
                        line.style, x(Double(layer)), y(value),
                        tip: "layer \(layer), \(line.label): \(Markup.number(value))"))
            }
        }
        body += plot.bottomAxis("layer", LayerTicks.ticks(count) { x($0) })
        return plot.svg(body)
    }
}
