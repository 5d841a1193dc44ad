public import FlashU

/// An analysis as one HTML page that needs nothing else: plots are inline SVG, numbers stand in tables, there is no script.
public struct AnalysisPage {
    let analysis: ModelAnalysis
    let findings: AnalysisFindings

    /// The page of an analysis.
    public init(_ analysis: ModelAnalysis) {
        self.analysis = analysis
        findings = AnalysisFindings(analysis)
    }

    /// The document.
    public var html: String {
        let settings = analysis.settings
        let title = "What matters for which task in \(settings.model)"
        let intro =
            "Measured on the exact engine (\(settings.precision)): \(settings.prompts) prompts drawn with guidance "
            + "\(Markup.number(settings.guidance)) from the noise of seed \(settings.seed) on, \(settings.images) images read with a "
            + "question each. It repeats, on this model, the analysis that Flash-Unified (arXiv 2603.15271) rests on."
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(Markup.escaped(title))</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            <main>
            <h1>\(Markup.escaped(title))</h1>
            \(paragraph(intro))
            \(([neurons, layers, tokens]).joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    // MARK: Pieces that the sections share

    func section(_ heading: String, _ pieces: [String]) -> String {
        Markup.element(
            "section", [:],
            "\n" + Markup.element("h2", [:], Markup.escaped(heading)) + "\n"
                + pieces.joined(separator: "\n") + "\n")
    }

    func paragraph(_ text: String) -> String { Markup.element("p", [:], Markup.escaped(text)) }

    /// What the model says, set apart from what is explained.
    func finding(_ text: String) -> String { Markup.element("p", ["class": "finding"], Markup.escaped(text)) }

    func figure(_ svg: String, _ caption: String) -> String {
        Markup.element("figure", [:], svg + "\n" + Markup.element("figcaption", [:], Markup.escaped(caption)))
    }

    /// Numbers, folded away.
    func table(_ summary: String, _ head: [String], _ rows: [[String]]) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            Markup.element("tr", [:], cells.map { Markup.element(tag, [:], Markup.escaped($0)) }.joined())
        }
        return Markup.element(
            "details", [:],
            Markup.element("summary", [:], Markup.escaped(summary))
                + Markup.element(
                    "table", [:],
                    Markup.element("thead", [:], row(head, "th"))
                        + Markup.element("tbody", [:], rows.map { row($0, "td") }.joined(separator: "\n"))))
    }
}
