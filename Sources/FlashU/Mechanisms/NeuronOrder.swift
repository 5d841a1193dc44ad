/// FFN pruning without a second copy of the weights: neurons may stand in any order, so they are packed in four groups,
/// those that generation alone keeps, those that both tasks keep, those that understanding alone keeps, and the rest.
/// Then each task's kept neurons are one range.
///
/// Paper, section on task-specific FFN pruning; the grouping is ours.
public struct NeuronOrder: Sendable, Equatable {
    /// Neurons of a layer in packed order: `order[layer][place]` is the checkpoint's neuron.
    public let order: [[Int]]
    private let places: [[Calibration.Task: [Float]]]

    /// Kept width is a multiple of this, as in the released code.
    public static let granularity = 64
    /// Ranges start and end at multiples of this (or the width), the engine's panel.
    public static let panel = 16

    /// Neurons that a ratio keeps of `width`: the released code rounds down to a multiple of 64.
    public static func kept(of width: Int, ratio: Double) -> Int {
        guard ratio > 0 else { return width }
        let wanted = width - Int(Double(width) * min(ratio, 1))
        return max(min(width, granularity), wanted / granularity * granularity)
    }

    /// Groups each layer's neurons for a ratio of each task.
    public init(_ calibration: Calibration, generationRatio: Double, understandingRatio: Double) {
        let layers = calibration.scores.values.map(\.wanda.count).max() ?? 0
        var order: [[Int]] = []
        var places: [[Calibration.Task: [Float]]] = []
        for layer in 0..<layers {
            let scores = calibration.scores.mapValues { $0.wanda[layer] }
            let width = scores.values.map(\.count).max() ?? 0
            func chosen(_ task: Calibration.Task, _ ratio: Double) -> Set<Int> {
                guard let score = scores[task] else { return Set(0..<width) }
                return Set(Self.ranking(score).prefix(Self.kept(of: width, ratio: ratio)))
            }
            let generation = chosen(.generation, generationRatio)
            let understanding = chosen(.understanding, understandingRatio)
            // Within a group the better ones stand nearer to "both", so that other ratios prune nearly contiguous ranges too.
            func sorted(_ group: Set<Int>, _ task: Calibration.Task, rising: Bool) -> [Int] {
                let ranked = scores[task].map { score in Self.ranking(score).filter(group.contains) } ?? group.sorted()
                return rising ? ranked.reversed() : ranked
            }
            let both = generation.intersection(understanding)
            let layerOrder =
                sorted(generation.subtracting(both), .generation, rising: true)
                + Self.byPreference(both, scores)
                + sorted(understanding.subtracting(both), .understanding, rising: false)
                + sorted(Set(0..<width).subtracting(generation).subtracting(understanding), .generation, rising: false)
            order.append(layerOrder)
            places.append(scores.mapValues { score in layerOrder.map { score[$0] } })
        }
        self.order = order
        self.places = places
    }

    /// The order that an engine packs a calibrated model's neurons in: for the paper's ratios.
    public static func standard(_ calibration: Calibration) -> NeuronOrder {
        let ratios = AccelerationProfile.paper.ffn
        return NeuronOrder(
            calibration, generationRatio: ratios.generationRatio, understandingRatio: ratios.understandingRatio)
    }

    /// Neurons that both tasks keep: those that rank higher for generation first, those that rank higher for understanding last, so that
    /// stronger pruning of one task finds its best ones together.
    private static func byPreference(_ group: Set<Int>, _ scores: [Calibration.Task: [Float]]) -> [Int] {
        func ranks(_ task: Calibration.Task) -> [Int] {
            guard let score = scores[task] else { return [] }
            var ranks = [Int](repeating: 0, count: score.count)
            for (rank, neuron) in ranking(score).enumerated() { ranks[neuron] = rank }
            return ranks
        }
        let (generation, understanding) = (ranks(.generation), ranks(.understanding))
        func key(_ neuron: Int) -> Int {
            (generation.isEmpty ? 0 : generation[neuron]) - (understanding.isEmpty ? 0 : understanding[neuron])
        }
        return group.sorted { key($0) == key($1) ? $0 < $1 : key($0) < key($1) }
    }

    /// Indices by falling score, the lower index first among equals.
    static func ranking(_ score: [Float]) -> [Int] {
        score.indices.sorted { score[$0] == score[$1] ? $0 < $1 : score[$0] > score[$1] }
    }

    /// The packed ranges of each layer that a task runs at a ratio; nil if that is everything.
    ///
    /// At the ratio that the order was made for, generation's range holds exactly its best neurons, understanding's up to 30 more at its ends.
    /// At other ratios whole panels of 16 are chosen by their mean score. No recalibration, no repacking.
    public func ranges(_ task: Calibration.Task, ratio: Double) -> [[Range<Int>]]? {
        guard ratio > 0 else { return nil }
        return places.indices.map { layer in
            let width = order[layer].count
            guard let score = places[layer][task] else { return [0..<width] }
            let kept = Self.kept(of: width, ratio: ratio)
            let best = Self.ranking(score).prefix(kept)
            guard let low = best.min(), let high = best.max() else { return [0..<width] }
            let outer = low / Self.panel * Self.panel..<min(width, (high / Self.panel + 1) * Self.panel)
            if outer.count <= kept + 2 * Self.panel - 2 { return [outer] }
            return Self.panels(score, keeping: kept)
        }
    }

    /// The panels with the highest mean scores, joined to ranges.
    private static func panels(_ score: [Float], keeping kept: Int) -> [Range<Int>] {
        let panels = stride(from: 0, to: score.count, by: panel).map { $0..<min($0 + panel, score.count) }
        let means = panels.map { range in score[range].reduce(0, +) / Float(range.count) }
        var count = 0
        var chosen: Set<Int> = []
        for i in ranking(means) where count < kept {
            chosen.insert(i)
            count += panels[i].count
        }
        return panels.indices.filter(chosen.contains).reduce(into: []) { ranges, i in
            if let last = ranges.last, last.upperBound == panels[i].lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<panels[i].upperBound
            } else {
                ranges.append(panels[i])
            }
        }
    }
}
