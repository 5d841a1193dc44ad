import FlashU

extension AnalysisPage {
    /// How much layers change their input.
    var layers: String {
        let similarity = analysis.layers
        let columns = similarity.times.enumerated().map { "evaluation \($0), t = \(Markup.number($1))" }
        let map = HeatMap(
            plot: Plot(
                id: "similarity-steps", title: "Layer similarity over denoising steps",
                description: "Mean cosine of each LLM layer's input and output at every evaluation of a drawing."),
            values: similarity.generation, xLabel: "evaluation, from noise to image", columns: columns)
        let range = { (choose: ([Double]) -> Double?) in
            similarity.understanding.indices.map { layer in choose(similarity.generation.map { $0[layer] }) ?? 0 }
        }
        let lines = LayerLines(
            plot: Plot(
                id: "similarity-layers", title: "Layer similarity by layer and task", description: findings.layers),
            label: "cosine of input and output",
            lines: [
                .init(
                    label: "generation, mean over the steps", style: "gen", values: similarity.generationMean,
                    band: (range { $0.min() }, range { $0.max() })),
                .init(label: "understanding, last token", style: "und", values: similarity.understanding),
            ])
        return PageParts.section(
            "Layers: how much each one changes its input",
            [
                PageParts.paragraph(
                    "Reproduces the paper's finding that generation's layers are redundant while understanding goes on changing the key tokens "
                        + "with depth; dynamic layer skipping (mechanism 3) leaves out the layers with the highest cosine. In generation the "
                        + "cosine is the mean over all rows of the image span, both guidance branches; in understanding it is the last "
                        + "token's at the end of the prefill."), PageParts.finding(findings.layers),
                PageParts.figure(
                    lines.svg,
                    "1: the layer leaves the direction of its input alone. Shaded: from the least to the greatest over the steps."
                ),
                PageParts.figure(
                    map.svg,
                    "Rows that keep their colour from left to right need no new choice of layers as steps go by."),
                PageParts.table(
                    "Similarities as numbers", ["layer", "generation, mean", "least", "greatest", "understanding"],
                    similarity.understanding.enumerated().map { layer, last in
                        ["\(layer)"]
                            + [
                                similarity.generationMean[layer], range { $0.min() }[layer], range { $0.max() }[layer],
                                last,
                            ].map(Markup.number)
                    }),
            ])
    }
}
