import Foundation
public import FlashU

/// What an analysis says, in sentences made of its numbers.
public struct AnalysisFindings {
    private let analysis: ModelAnalysis

    /// The findings of an analysis.
    public init(_ analysis: ModelAnalysis) { self.analysis = analysis }

    /// All of them, as plain text.
    public var sentences: [String] { analysis.neurons.map(neurons) + [layers, tokens] }

    /// The share of the neurons critical for any task that are critical for one task alone, mean over the layers.
    static func exclusive(_ overlap: NeuronOverlap) -> Double {
        mean(
            overlap.layers.map {
                let alone = $0.generationOnly + $0.understandingOnly
                return alone + $0.both > 0 ? alone / (alone + $0.both) : 0
            })
    }

    /// The same if the tasks chose their critical neurons independently.
    static func exclusiveByChance(_ overlap: NeuronOverlap) -> Double {
        let share = Double(overlap.critical) / Double(max(1, overlap.width))
        return 2 * (1 - share) / (2 - share)
    }

    /// What a score says of the neurons.
    func neurons(_ overlap: NeuronOverlap) -> String {
        let name = overlap.score == .wanda ? "Wanda score" : "reconstruction error"
        let (exclusive, chance) = (Self.exclusive(overlap), Self.exclusiveByChance(overlap))
        let shares = overlap.layers
        let ranks = shares.compactMap(\.rankCorrelation)
        let verdict =
            exclusive > 0.5
            ? "Most critical neurons serve one task only, as the paper finds"
            : "Most critical neurons serve both tasks, other than the paper finds"
        let relation =
            abs(exclusive - chance) < 0.02
            ? "as many as independent choices would give"
            : exclusive < chance
                ? "fewer than the \(Markup.percent(chance)) of independent choices, so the tasks share more than by chance"
                : "more than the \(Markup.percent(chance)) of independent choices, so the tasks avoid each other's neurons"
        let ranking = ranks.min().flatMap { low in
            ranks.max().map { high in
                "; the tasks' rankings correlate at \(Markup.signed(low)) to \(Markup.signed(high)) (Spearman, by layer)"
            }
        }
        return "By \(name), \(overlap.critical) of each layer's \(overlap.width) neurons count as critical for a task: "
            + "\(Markup.percent(Self.mean(shares.map(\.both)))) are critical for both, "
            + "\(Markup.percent(Self.mean(shares.map(\.generationOnly)))) for generation alone, "
            + "\(Markup.percent(Self.mean(shares.map(\.understandingOnly)))) for understanding alone. \(verdict): "
            + "\(Markup.percent(exclusive)) of those critical for any task, \(relation)\(ranking ?? "")."
    }

    /// What the similarities say.
    var layers: String {
        let similarity = analysis.layers
        let drawn = similarity.generationMean
        let (generation, understanding) = (Self.mean(drawn), Self.mean(similarity.understanding))
        let most = drawn.indices.max { drawn[$0] < drawn[$1] } ?? 0
        let least = drawn.indices.min { drawn[$0] < drawn[$1] } ?? 0
        let above = zip(drawn, similarity.understanding).count { $0 > $1 }
        let verdict =
            generation > understanding
            ? "Generation's layers change their input less than understanding's change the last token, as the paper finds"
            : "Generation's layers change their input more than understanding's change the last token, other than the paper finds"
        return
            "A layer's input and output have a mean cosine of \(Self.cosine(generation)) in generation (layer \(least) "
            + "the lowest with \(Self.cosine(drawn.isEmpty ? 0 : drawn[least])), layer \(most) the highest with "
            + "\(Self.cosine(drawn.isEmpty ? 0 : drawn[most]))) and \(Self.cosine(understanding)) in understanding. \(verdict): "
            + "generation's cosine is the higher one in \(above) of \(drawn.count) layers."
    }

    /// What norms and attention say.
    var tokens: String {
        let tokens = analysis.tokens
        let layer = tokens.layers[tokens.layer]
        let known = tokens.layers.compactMap(\.spearman)
        let below = known.count { $0 < 0 }
        guard let spearman = layer.spearman else {
            return
                "At layer \(tokens.layer) value norms or received attention are all equal; no correlation is defined."
        }
        let verdict =
            abs(spearman) < 0.1
            ? "there is no clear relation, other than the paper finds"
            : spearman < 0
                ? "tokens with long values receive less attention, as the paper finds"
                : "tokens with long values receive more attention, the opposite of what the paper finds"
        return "At layer \(tokens.layer) \(verdict): Spearman's correlation of value norm and received attention is "
            + "\(Markup.signed(spearman))" + (layer.spearmanDeviation.map { String(format: " ± %.2f", $0) } ?? "")
            + " over the images. The half of the tokens with the lower norms receives \(Markup.percent(layer.lowNormHalf)) of "
            + "the attention on visual tokens. The correlation is below zero in \(below) of \(known.count) layers."
    }

    static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private static func cosine(_ value: Double) -> String { String(format: "%.3f", value) }
}
