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
        return PageParts.document(
            title, [PageParts.paragraph(intro), neurons, layers, tokens])
    }
}
