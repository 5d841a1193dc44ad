import FlashU

extension AnalysisPage {
    /// Which neurons are critical for which task.
    var neurons: String {
        PageParts.section(
            "Neurons: one network, two sets",
            [
                PageParts.paragraph(
                    "Reproduces the paper's finding on task-specific FFN neurons, on which its pruning (mechanisms 1 and 2) rests. A neuron is "
                        + "critical for a task when its score is among the highest \(Markup.percent(analysis.settings.critical)) of its layer on "
                        + "that task's data.")
            ] + analysis.neurons.flatMap(neurons))
    }

    private func neurons(_ overlap: NeuronOverlap) -> [String] {
        let (id, name) =
            overlap.score == .wanda ? ("wanda", "Wanda score") : ("reconstruction", "reconstruction error")
        let share = Double(overlap.critical) / Double(max(1, overlap.width))
        let says = findings.neurons(overlap)
        let bars = StackedBars(
            plot: Plot(id: "\(id)-shares", title: "Critical neurons by layer: \(name)", description: says),
            parts: [
                .init(label: "both tasks", style: "both", shares: overlap.layers.map(\.both)),
                .init(label: "generation only", style: "gen", shares: overlap.layers.map(\.generationOnly)),
                .init(label: "understanding only", style: "und", shares: overlap.layers.map(\.understandingOnly)),
                .init(label: "neither", style: "none", shares: overlap.layers.map(\.neither)),
            ],
            reference: (
                share * share, "critical for both if the tasks chose independently: \(Markup.percent(share * share))"
            ))
        let ranks = LayerLines(
            plot: Plot(
                id: "\(id)-ranks", title: "Correlation of the tasks' rankings: \(name)",
                description: "Spearman's correlation of the two tasks' scores, by layer.", height: 230),
            label: "Spearman",
            lines: [
                .init(
                    label: "generation against understanding", style: "both",
                    values: overlap.layers.map(\.rankCorrelation))
            ], including: 0...1)
        let histograms = HistogramGrid(
            plot: Plot(
                id: "\(id)-scores", title: "Score distributions by layer: \(name)",
                description: "Histograms of the neurons' scores for both tasks, logarithmic."),
            label: "score / mean score of the task in this layer",
            panels: overlap.layers.enumerated().map { layer, one in
                HistogramGrid.Panel(
                    label: "layer \(layer)", edges: one.edges,
                    series: [
                        ("generation", "gen", one.generation), ("understanding", "und", one.understanding),
                    ])
            })
        return [
            Markup.element("h3", [:], Markup.escaped(name.prefix(1).uppercased() + name.dropFirst())),
            PageParts.finding(says),
            PageParts.figure(
                bars.svg,
                "Share of each layer's neurons that are critical for both tasks, one, or none. Dashed: for both, if the tasks chose "
                    + "independently of each other."),
            PageParts.table(
                "Shares and correlations as numbers",
                ["layer", "both", "generation only", "understanding only", "neither", "Spearman"],
                overlap.layers.enumerated().map { layer, one in
                    ["\(layer)"]
                        + [one.both, one.generationOnly, one.understandingOnly, one.neither].map(Markup.percent) + [
                            Markup.signed(one.rankCorrelation)
                        ]
                }),
            PageParts.figure(
                ranks.svg,
                "1: both tasks rank the layer's neurons alike; 0: their rankings have nothing to do with each other."),
            PageParts.figure(
                histograms.svg,
                "A wide distribution means that a few neurons carry most of the layer, and that the lowest can be pruned at little cost."
            ),
        ]
    }
}
