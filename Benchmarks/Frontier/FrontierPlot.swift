import Foundation

/// A measure against operations, these on a logarithmic axis: a line a solver, a mark a mechanism.
struct FrontierPlot {
    /// One configuration.
    struct Mark {
        let series: String
        /// Whether the series is a line.
        let joined: Bool
        let x: Double
        let y: Double
        let title: String
    }

    let marks: [Mark]
    /// Of the vertical axis.
    let label: String
    /// Whether the vertical axis is.
    let logarithmic: Bool

    private static let colors = [
        "#222222", "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf", "#bcbd22",
        "#7f7f7f", "#0b5394", "#a64d79",
    ]
    private static let (width, height, left, right, bottom) = (860.0, 560.0, 70.0, 230.0, 60.0)

    var svg: String {
        let xs = Axis(marks.map(\.x), logarithmic: true, from: Self.left, to: Self.width - Self.right)
        let ys = Axis(marks.map(\.y), logarithmic: logarithmic, from: Self.height - Self.bottom, to: 20)
        var lines: [String] = []
        for tick in xs.ticks {
            let x = xs.place(tick)
            lines.append(
                "<path d=\"M\(x) 20V\(Self.height - Self.bottom)\" stroke=\"#eee\"/>"
                    + "<text x=\"\(x)\" y=\"\(Self.height - Self.bottom + 16)\" text-anchor=\"middle\">\(Axis.text(tick))</text>"
            )
        }
        for tick in ys.ticks {
            let y = ys.place(tick)
            lines.append(
                "<path d=\"M\(Self.left) \(y)H\(Self.width - Self.right)\" stroke=\"#eee\"/>"
                    + "<text x=\"\(Self.left - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">\(Axis.text(tick))</text>")
        }
        var names: [String] = []
        for mark in marks where !names.contains(mark.series) { names.append(mark.series) }
        for (i, name) in names.enumerated() {
            let color = Self.colors[i % Self.colors.count]
            let own = marks.filter { $0.series == name }.sorted { $0.x < $1.x }
            if own.contains(where: \.joined) {
                let points = own.map { String(format: "%.1f,%.1f", xs.place($0.x), ys.place($0.y)) }
                lines.append(
                    "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\"/>"
                )
            }
            for mark in own {
                lines.append(
                    String(
                        format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"\(color)\">", xs.place(mark.x),
                        ys.place(mark.y)) + "<title>\(mark.title)</title></circle>")
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
            <text x="\(Self.left)" y="\(Self.height - 14)">GFLOP</text>
            <text x="16" y="\(Self.height - 90)" transform="rotate(-90 16 \(Self.height - 90))">\(label)</text>
            </svg>

            """
    }

    /// Values to places.
    private struct Axis {
        let logarithmic: Bool
        let (low, high): (Double, Double)
        let (from, to): (Double, Double)

        init(_ values: [Double], logarithmic: Bool, from: Double, to: Double) {
            self.logarithmic = logarithmic
            (self.from, self.to) = (from, to)
            let scaled = values.map { logarithmic ? log10(max($0, 1e-6)) : $0 }
            let (least, most) = (scaled.min() ?? 0, scaled.max() ?? 1)
            let margin = max((most - least) * 0.04, 1e-3)
            (low, high) = (least - margin, most + margin)
        }

        func place(_ value: Double) -> Double {
            from + ((logarithmic ? log10(max(value, 1e-6)) : value) - low) / (high - low) * (to - from)
        }

        /// Round values inside: 1, 2, 5 times powers of ten, or steps of a round size.
        var ticks: [Double] {
            if logarithmic {
                return (-6...6).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
                    .filter { (low...high).contains(log10($0)) }
            }
            let rough = (high - low) / 6
            let power = pow(10, floor(log10(rough)))
            let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
            return stride(from: (low / step).rounded(.up) * step, through: high, by: step).map { $0 }
        }

        static func text(_ value: Double) -> String { String(format: "%.6g", value) }
    }
}
