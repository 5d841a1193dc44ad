import Evaluation
import Foundation

/// What was measured: a row a configuration, as CSV and as a plot of one column against operations.
struct FrontierTable {
    /// A configuration and its columns' values.
    struct Row {
        let configuration: FrontierConfiguration
        let values: [Double]
    }

    let columns: [String]
    /// The column that is plotted.
    let measure: String
    /// What the plot calls it.
    let label: String
    let logarithmic: Bool
    private(set) var rows: [Row] = []

    init(columns: [String], measure: String, label: String, logarithmic: Bool) {
        self.columns = columns
        self.measure = measure
        self.label = label
        self.logarithmic = logarithmic
    }

    mutating func add(_ configuration: FrontierConfiguration, _ values: [Double]) {
        rows.append(Row(configuration: configuration, values: values))
        let told = zip(columns, values).map { String(format: "\($0) %.4g", $1) }.joined(separator: ", ")
        print("\(configuration.title): \(told)")
    }

    /// Writes OUTPUT.csv and OUTPUT.svg.
    func write(_ output: String) throws {
        var lines = ["group,name,points," + columns.joined(separator: ",")]
        lines += rows.map { row in
            let (one, values) = (row.configuration, row.values)
            return
                ([one.group, one.name.replacing(",", with: ""), one.points.map(String.init) ?? ""]
                + values.map { String(format: "%.4g", $0) }).joined(separator: ",")
        }
        for (suffix, text) in [(".csv", lines.joined(separator: "\n") + "\n"), (".svg", plot.svg)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: output + suffix), options: .atomic)
        }
    }

    private var plot: MarksPlot {
        let (x, y) = (columns.firstIndex(of: "gflop") ?? 0, columns.firstIndex(of: measure) ?? 0)
        let marks = rows.map { row in
            let one = row.configuration
            return MarksPlot.Mark(
                series: one.group == "solver" ? one.name : one.group, joined: one.group == "solver",
                x: row.values[x], y: row.values[y],
                title:
                    "\(one.title): \(String(format: "%.4g", row.values[y])), \(String(format: "%.1f", row.values[x])) GFLOP"
            )
        }
        return MarksPlot(marks: marks, label: label, logarithmic: logarithmic, xLabel: "GFLOP")
    }
}
