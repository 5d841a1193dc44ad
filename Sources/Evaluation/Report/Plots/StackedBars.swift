/// Shares of a whole, a bar for each layer.
struct StackedBars {
    /// From the bottom up.
    struct Part {
        let label: String
        let style: String
        /// 0 ... 1, `[layers]`.
        let shares: [Double]
    }

    var plot: Plot
    let parts: [Part]
    /// A height to compare the lowest part with.
    let reference: (value: Double, label: String)

    var svg: String {
        var plot = plot
        plot.legend = parts.map { .init(label: $0.label, style: $0.style) }
        let count = parts.first?.shares.count ?? 0
        let y = Scale(0, 1, from: plot.innerBottom, to: plot.innerTop)
        let step = (plot.innerRight - plot.innerLeft) / Double(max(1, count))
        var body = plot.leftAxis("share of the layer's neurons", y) { "\(Int((100 * $0).rounded())) %" }
        for layer in 0..<count {
            var below = 0.0
            for part in parts {
                let share = part.shares[layer]
                body.append(
                    plot.bar(
                        part.style, plot.innerLeft + step * (Double(layer) + 0.12), y(below + share), step * 0.76,
                        y(below) - y(below + share), tip: "layer \(layer), \(part.label): \(Markup.percent(share))"))
                below += share
            }
        }
        let height = y(reference.value)
        body.append(
            Markup.element(
                "path",
                [
                    "class": "reference",
                    "d": Plot.path([(plot.innerLeft, height), (plot.innerRight, height)]),
                ], Plot.tip(reference.label)))
        body += plot.bottomAxis("layer", LayerTicks.ticks(count) { plot.innerLeft + step * ($0 + 0.5) })
        return plot.svg(body)
    }
}

/// Labels of an axis of layers, or of other things that are counted from 0.
enum LayerTicks {
    /// Every, or every few, so that at most 30 stand side by side.
    static func ticks(_ count: Int, place: (Double) -> Double) -> [(place: Double, label: String)] {
        stride(from: 0, to: count, by: max(1, (count + 29) / 30)).map { (place(Double($0)), "\($0)") }
    }
}
