import Compute
import Foundation

extension Benchmark.Report {
    /// Tables for people, one a task, and what the numbers mean.
    ///
    /// - Parameter full: whether every evaluation of the image was run.
    public func markdown(full: Bool) -> String {
        var lines: [String] = []
        if let row = rows.first {
            lines.append(
                "\(row.model), \(row.precision), \(row.threads) threads, \(CPUCompute.instructionSet). Limits in this run: "
                    + [("f32", limits.f32), ("bf16", limits.bf16), ("int8", limits.int8)].filter { $0.1 > 0 }
                    .map { String(format: "products in \($0.0) %.1f GFLOP/s", $0.1 / 1e9) }.joined(separator: ", ")
                    + String(
                        format: ", memory %.1f GB/s read. Peak memory %.2f GB.", limits.memory / 1e9,
                        Double(rows.map(\.peakBytes).max() ?? 0) / 1e9))
        }
        for task in Benchmark.Task.allCases {
            let own = rows.filter { $0.task == task.rawValue }
            guard !own.isEmpty else { continue }
            lines += [
                "", "| \(task.rawValue) | seconds (least ... most) | operations | rate | of the limit |",
                "|---|---|---|---|---|",
            ]
            lines += own.map(Self.line)
            if task == .generation {
                lines += [
                    "",
                    full
                        ? "Every evaluation was run once; the parts are their sums over an image."
                        : "Each kind of evaluation was measured; the parts and the image are sums over the schedule, each kind as often as it occurs.",
                ]
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func line(_ row: BenchRow) -> String {
        var name = row.name
        if row.count > 1 { name += row.name.hasPrefix("evaluation") ? ", \(row.count) times" : ", all evaluations" }
        if row.limit == .memory, row.seconds > 0 { name += String(format: " (%.1f a second)", 1 / row.seconds) }
        func time(_ seconds: Double) -> String { String(format: seconds < 1 ? "%.4f" : "%.2f", seconds) }
        let operations =
            row.flops >= 1_000_000_000_000
            ? String(format: "%.2f TFLOP", Double(row.flops) / 1e12)
            : String(format: "%.2f GFLOP", Double(row.flops) / 1e9)
        let figures = [
            name, "\(time(row.seconds)) (\(time(row.least)) ... \(time(row.most)))", row.flops > 0 ? operations : "",
            row.flops > 0 ? String(format: "%.1f GFLOP/s", row.rate / 1e9) : "",
            row.flops > 0 ? String(format: "%.0f %%", 100 * row.share) + (row.limit == .memory ? " (memory)" : "") : "",
        ]
        return "| " + figures.joined(separator: " | ") + " |"
    }
}
