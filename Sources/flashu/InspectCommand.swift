import ArgumentParser
import Foundation
import Pipelines
import ShowO2
import Tensors

/// `flashu inspect`
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model folder holds: configuration, parameters, memory needed, what is missing or wrong.",
        discussion: """
            Every tensor that the network, the VAE and the calibration need is looked up: its name, its shape, its type. What is wrong is \
            listed, and the exit status is then 1. The weights themselves are not read.
            """)

    @Argument(
        help: "The model's folder. (default: $FLASHU_MODEL, else the embedded shapes model)", completion: .directory)
    var folder: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func run() throws {
        let report = try ModelReport(folder: ModelLocation.resolve(folder))
        if json {
            try Terminal.write(JSONOutput.string(report))
            if !report.problems.isEmpty { throw ExitCode(1) }
            return
        }
        func size(_ pixels: [Int]) -> String { "\(pixels[0]) x \(pixels[1])" }
        let trained = report.otherTrainedSizes.map { " (and was trained to draw \(size($0)))" }.joined()
        var lines = [
            "\(report.name.printable)  (\(report.weights.printable))",
            "  draws \(size(report.imageSize)) px\(trained): \(report.imageTokens) image tokens, prompts of up to \(report.promptTokens) tokens",
            "  reads images at \(size(report.readingSize)) px",
            "", "parameters",
        ]
        for part in report.parts {
            lines.append(
                "  \(pad(part.name, 24))\(pad(count(part.parameters), 12, left: true))\(pad(bytes(part.bytes), 12, left: true))"
            )
        }
        lines.append("  \(pad("all", 24))\(pad(count(report.parts.reduce(0) { $0 + $1.parameters }), 12, left: true))")
        lines += [
            "",
            "stored as  "
                + report.dtypes.sorted { $0.value > $1.value }.map { "\($0.key) (\(count($0.value)))" }.joined(
                    separator: ", "),
        ]
        lines += [
            "memory     "
                + report.memory.sorted { $0.key < $1.key }.map { "\($0.key): \(bytes($0.value))" }.joined(
                    separator: ", ") + " for packed weights"
        ]
        for (task, what) in [("draw", "drawing an image"), ("ask", "asking about an image")] {
            let needs = (report.tasks[task] ?? [:]).sorted { $0.key < $1.key }.map {
                "\($0.key): \(bytes($0.value.total))"
            }
            lines.append("           " + needs.joined(separator: ", ") + " in all, \(what)")
        }
        lines.append("")
        for part in ["llm", "semantic encoder", "diffusion head"] {
            let value = { (key: String) in report.geometry["\(part) \(key)"] ?? 0 }
            lines.append(
                "  \(pad(part, 20))\(value("layers")) layers, hidden \(value("hidden")), \(value("heads")) heads of \(value("head dim")) "
                    + "(\(value("kv heads")) kv), FFN \(value("ffn"))")
        }
        lines += report.missing.map { "\nmissing: \($0)" }
        for (file, problems) in Dictionary(grouping: report.problems, by: \.file).sorted(by: { $0.key < $1.key }) {
            lines += ["", "can't be loaded: \(file.printable)"] + problems.map { "  \($0)" }
        }
        try Terminal.write(lines.joined(separator: "\n"))
        if !report.problems.isEmpty { throw ExitCode(1) }
    }

    private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return left ? blanks + text : text + blanks
    }

    private func count(_ n: Int) -> String {
        n >= 1_000_000 ? String(format: "%.1f M", Double(n) / 1e6) : String(format: "%.1f k", Double(n) / 1e3)
    }

    private func bytes(_ n: Int) -> String {
        n >= 1_000_000_000 ? String(format: "%.2f GB", Double(n) / 1e9) : String(format: "%.1f MB", Double(n) / 1e6)
    }
}
