/// Points of two values.
struct ScatterPlot {
    var plot: Plot
    let xLabel: String
    let yLabel: String
    let points: [(x: Double, y: Double)]

    var svg: String {
        let x = Scale(
            points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 1, from: plot.innerLeft + 8, to: plot.innerRight - 8)
        let y = Scale(
            points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 1, from: plot.innerBottom - 6, to: plot.innerTop + 6)
        let dots = points.map {
            plot.dot(
                "dot und", x($0.x), y($0.y), radius: 2.5,
                tip: "norm \(Markup.number($0.x)), attention \(Markup.number($0.y))")
        }
        return plot.svg(
            plot.leftAxis(yLabel, y) + dots
                + plot.bottomAxis(xLabel, x.ticks(7).map { (x($0), Markup.number($0)) }))
    }
}
