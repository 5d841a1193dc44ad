import Foundation

/// A measure against another, this on a logarithmic axis: marks in series, of which some are lines. A file of its own.
package struct MarksPlot {
    /// One measurement.
    package struct Mark {
        let series: String
        let joined: Bool
        let x: Double
        let y: Double
        let title: String

        /// - Parameters:
        ///   - series: what it belongs to.
        ///   - joined: whether the series is a line.
        ///   - x: from left to right.
        ///   - y: upwards.
        ///   - title: told where a pointer rests on it.
        package init(series: String, joined: Bool, x: Double, y: Double, title: String) {
            (self.series, self.joined, self.x, self.y, self.title) = (series, joined, x, y, title)
        }
    }

    let marks: [Mark]
    let label: String
    let logarithmic: Bool
    let xLabel: String

    /// - Parameters:
    ///   - marks: what was measured.
    ///   - label: of the vertical axis.
    ///   - logarithmic: whether that axis is.
    ///   - xLabel: of the horizontal axis, which is logarithmic.
    package init(marks: [Mark], label: String, logarithmic: Bool, xLabel: String) {
        (self.marks, self.label, self.logarithmic, self.xLabel) = (marks, label, logarithmic, xLabel)
    }

    private static let colors = [
        "#222222", "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf", "#bcbd22",
        "#7f7f7f", "#0b5394", "#a64d79",
    ]
    private static let (width, height, left, right, bottom) = (860.0, 560.0, 70.0, 230.0, 60.0)

    package var svg: String {
        let xs = scale(marks.map(\.x), isLogarithmic: true, from: Self.left, to: Self.width - Self.right)
        let ys = scale(marks.map(\.y), isLogarithmic: logarithmic, from: Self.height - Self.bottom, to: 20)
        var lines: [String] = []
        for tick in ticks(xs) {
            let x = xs(tick)
            lines.append(
                "<path d=\"M\(x) 20V\(Self.height - Self.bottom)\" stroke=\"#eee\"/>"
                    + "<text x=\"\(x)\" y=\"\(Self.height - Self.bottom + 16)\" text-anchor=\"middle\">\(String(format: "%.6g", tick))</text>"
            )
        }
        for tick in ticks(ys) {
            let y = ys(tick)
            lines.append(
                "<path d=\"M\(Self.left) \(y)H\(Self.width - Self.right)\" stroke=\"#eee\"/>"
                    + "<text x=\"\(Self.left - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">\(String(format: "%.6g", tick))</text>"
            )
        }
        var names: [String] = []
        for mark in marks where !names.contains(mark.series) { names.append(mark.series) }
        for (i, name) in names.enumerated() {
            let color = Self.colors[i % Self.colors.count]
            let own = marks.filter { $0.series == name }.sorted { $0.x < $1.x }
            if own.contains(where: \.joined) {
                let points = own.map { String(format: "%.1f,%.1f", xs($0.x), ys($0.y)) }
                lines.append(
                    "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\"/>"
                )
            }
            for mark in own {
                lines.append(
                    String(
                        format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"\(color)\">", xs(mark.x),
                        ys(mark.y)) + "<title>\(mark.title)</title></circle>")
            }
            let (x, y) = (Self.width - Self.right + 20, 30 + 18 * Double(i))
            lines.append(
                "<circle cx=\"\(x)\" cy=\"\(y - 4)\" r=\"4\" fill=\"\(color)\"/><text x=\"\(x + 12)\" y=\"\(y)\">\(name)</text>"
            )
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <path d="M\(Self.left) 15V\(Self.height - Self.bottom)H\(Self.width - Self.right)" fill="none" stroke="#999"/>
            \(lines.joined(separator: "\n"))
            <text x="\(Self.left)" y="\(Self.height - 14)">\(xLabel)</text>
            <text x="16" y="\(Self.height - 90)" transform="rotate(-90 16 \(Self.height - 90))">\(label)</text>
            </svg>

            """
    }

    /// Where values stand, with a little room at both ends.
    private func scale(_ values: [Double], isLogarithmic: Bool, from: Double, to: Double) -> Scale {
        func scaled(_ value: Double) -> Double { isLogarithmic ? log10(max(value, 1e-6)) : value }
        let (least, most) = (values.map(scaled).min() ?? 0, values.map(scaled).max() ?? 1)
        let margin = max((most - least) * 0.04, 1e-3)
        func value(_ scaled: Double) -> Double { isLogarithmic ? pow(10, scaled) : scaled }
        return Scale(value(least - margin), value(most + margin), from: from, to: to, isLogarithmic: isLogarithmic)
    }

    /// Round values on an axis; a logarithmic one spans too few powers of ten for these alone, so 2 and 5 times them stand between.
    private func ticks(_ scale: Scale) -> [Double] {
        guard scale.isLogarithmic else { return scale.ticks(6) }
        return (-6...6).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }.filter(scale.domain.contains)
    }
}
