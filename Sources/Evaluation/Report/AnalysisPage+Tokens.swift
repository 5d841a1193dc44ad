import FlashU

extension AnalysisPage {
    /// Value norms against received attention.
    var tokens: String {
        let tokens = analysis.tokens
        let lines = LayerLines(
            plot: Plot(
                id: "norm-correlation", title: "Correlation of value norm and received attention",
                description: findings.tokens, height: 280),
            label: "correlation",
            lines: [
                .init(label: "Spearman", style: "both", values: tokens.layers.map(\.spearman)),
                .init(label: "Pearson", style: "und", values: tokens.layers.map(\.pearson)),
            ], including: -1...1)
        let scatter = ScatterPlot(
            plot: Plot(
                id: "norm-scatter", title: "Visual tokens at layer \(tokens.layer)",
                description: "Received attention of each visual token against the norm of its value vector.",
                height: 360),
            xLabel: "L2 norm of the value vector", yLabel: "received attention / mean of its image",
            points: tokens.points.map { ($0.norm, $0.attention) })
        return PageParts.section(
            "Visual tokens: value norm against received attention",
            [
                PageParts.paragraph(
                    "Reproduces the paper's finding that attention received falls with the L2 norm of a token's value vector, on which V-norm token "
                        + "pruning (mechanism 6) rests: it drops the highest norms. Attention received is the mean probability over heads "
                        + "and over the tokens that can see it: the image's, eoi and the question's."),
                PageParts.finding(findings.tokens),
                PageParts.figure(
                    lines.svg, "Correlations are taken within each image and averaged. Below zero: as the paper finds."),
                PageParts.table(
                    "Correlations as numbers",
                    ["layer", "Spearman", "± over images", "Pearson", "attention on the low-norm half"],
                    tokens.layers.enumerated().map { layer, one in
                        [
                            "\(layer)", Markup.signed(one.spearman),
                            one.spearmanDeviation.map { Markup.number($0) } ?? "–", Markup.signed(one.pearson),
                            Markup.percent(one.lowNormHalf),
                        ]
                    }),
                PageParts.figure(
                    scatter.svg,
                    "\(tokens.points.count) visual tokens; 1 = as much attention as the average token of the same image."
                ),
            ])
    }
}
