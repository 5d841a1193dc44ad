import Foundation

/// Error against operations, both logarithmic: a line a solver, a mark a mechanism.
struct FrontierPlot {
    let results: [Frontier.Result]

    private static let colors = [
        "#222222", "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf", "#bcbd22",
        "#7f7f7f",
        "#0b5394", "#a64d79",
    ]
    private static let (width, height, left, bottom) = (860.0, 560.0, 70.0, 60.0)

    var svg: String {
        let xs = results.map { log10($0.teraflops * 1000) }
        let ys = results.map { log10(max($0.error, 1e-5)) }
        guard let x0 = xs.min(), let x1 = xs.max(), let y0 = ys.min(), let y1 = ys.max(), x1 > x0, y1 > y0 else {
            return ""
        }
        func x(_ result: Frontier.Result) -> Double {
            Self.left + (log10(result.teraflops * 1000) - x0) / (x1 - x0) * (Self.width - Self.left - 200)
        }
        func y(_ result: Frontier.Result) -> Double {
            20 + (y1 - log10(max(result.error, 1e-5))) / (y1 - y0) * (Self.height - Self.bottom - 20)
        }
        var lines: [String] = []
        var series: [(name: String, results: [Frontier.Result], joined: Bool)] = []
        for result in results {
            let joined = result.configuration.group == "solver"
            let name = joined ? result.configuration.name : result.configuration.group
            if let i = series.firstIndex(where: { $0.name == name }) {
                series[i].results.append(result)
            } else {
                series.append((name, [result], joined))
            }
        }
        for (i, one) in series.enumerated() {
            let color = Self.colors[i % Self.colors.count]
            if one.joined {
                let points = one.results.sorted { $0.teraflops < $1.teraflops }
                    .map { String(format: "%.1f,%.1f", x($0), y($0)) }.joined(separator: " ")
                lines.append("<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\"/>")
            }
            for result in one.results {
                let c = result.configuration
                lines.append(
                    String(format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"\(color)\">", x(result), y(result))
                        + "<title>\(c.group) \(c.name), \(c.points) points: error \(String(format: "%.4f", result.error)), "
                        + "\(String(format: "%.1f", result.teraflops * 1000)) GFLOP</title></circle>")
            }
            let row = 30 + 18 * Double(i)
            lines.append(
                "<circle cx=\"\(Self.width - 180)\" cy=\"\(row - 4)\" r=\"4\" fill=\"\(color)\"/>"
                    + "<text x=\"\(Self.width - 168)\" y=\"\(row)\">\(one.name)</text>")
        }
        lines.append(
            "<text x=\"\(Self.left)\" y=\"\(Self.height - 14)\">GFLOP an image, logarithmic: "
                + String(format: "%.1f ... %.1f", pow(10, x0), pow(10, x1)) + "</text>")
        lines.append(
            "<text x=\"16\" y=\"\(Self.height - 90)\" transform=\"rotate(-90 16 \(Self.height - 90))\">relative latent error, logarithmic: "
                + String(format: "%.4f ... %.3f", pow(10, y0), pow(10, y1)) + "</text>")
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <path d="M\(Self.left) 15V\(Self.height - 40)H\(Self.width - 195)" fill="none" stroke="#999"/>
            \(lines.joined(separator: "\n"))
            </svg>

            """
    }
}
