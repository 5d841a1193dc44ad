public import ShowO2

/// Which FFN neurons are critical for which task by one score.
///
/// Paper: most critical neurons are critical for one task only, which is why each task can prune its own.
public struct NeuronOverlap: Sendable, Equatable, Codable {
    /// How a neuron's importance is measured; see ``Calibration/Scores``.
    public enum Score: String, Sendable, Codable, CaseIterable {
        /// Norm of the activations times the sum of magnitudes of the `down_proj` column.
        case wanda
        /// Reconstruction error of the layer without the neuron.
        case reconstruction
    }

    /// One layer. The four shares sum to 1.
    public struct Layer: Sendable, Equatable, Codable {
        /// Share of the neurons among the critical ones of both tasks.
        public var both: Double
        /// Of generation alone.
        public var generationOnly: Double
        /// Of understanding alone.
        public var understandingOnly: Double
        /// Of no task.
        public var neither: Double
        /// Spearman's correlation of the two tasks' scores; nil where one task scores all neurons alike.
        public var rankCorrelation: Double?
        /// Bounds of the bins of ``generation`` and ``understanding``, rising, one more than there are bins: a score divided by the mean score
        /// of its task in this layer, so that tasks calibrated on different numbers of tokens can be compared.
        public var edges: [Double]
        /// Share of the neurons whose generation score lies in each bin.
        public var generation: [Double]
        /// Share of the neurons whose understanding score lies in each bin.
        public var understanding: [Double]
    }

    /// The score.
    public var score: Score
    /// Neurons of a layer.
    public var width: Int
    /// Neurons called critical for a task.
    public var critical: Int
    /// By layer.
    public var layers: [Layer]

    /// Bins of a layer's score distribution.
    public static let bins = 24

    /// Compares the tasks.
    ///
    /// - Parameters:
    ///   - calibration: scores of both tasks.
    ///   - score: which of the scores are compared.
    ///   - critical: share of a layer's neurons that is called critical for a task, between 0 and 1.
    /// - Throws: `ModelError` when a task was not calibrated or a score is no number.
    public init(_ calibration: Calibration, score: Score, critical: Double) throws(ModelError) {
        func scores(_ task: Calibration.Task) throws(ModelError) -> [[Float]] {
            guard let scores = calibration.scores[task] else {
                throw .missing("the calibration holds nothing on \(task.rawValue); run flashu calibrate --task both")
            }
            let rows = score == .wanda ? scores.wanda : scores.reconstruction
            guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
                throw .notFinite("the calibration's scores for \(task.rawValue)")
            }
            return rows
        }
        let (generation, understanding) = (try scores(.generation), try scores(.understanding))
        let width = generation.first?.count ?? 0
        let count = min(width, max(1, Int((Double(width) * critical).rounded())))
        self.score = score
        self.width = width
        self.critical = count
        layers = zip(generation, understanding).map { Layer(generation: $0, understanding: $1, critical: count) }
    }
}

extension NeuronOverlap.Layer {
    /// Compares the scores of one layer, `[neurons]` each.
    init(generation: [Float], understanding: [Float], critical: Int) {
        let width = Double(max(1, generation.count))
        let first = Set(NeuronOrder.ranking(generation).prefix(critical))
        let second = Set(NeuronOrder.ranking(understanding).prefix(critical))
        let shared = first.intersection(second).count
        let (a, b) = (Self.relative(generation), Self.relative(understanding))
        let edges = LogHistogram.edges(covering: a + b, bins: NeuronOverlap.bins)
        self.init(
            both: Double(shared) / width, generationOnly: Double(first.count - shared) / width,
            understandingOnly: Double(second.count - shared) / width,
            neither: (width - Double(first.count + second.count - shared)) / width,
            rankCorrelation: Correlation.spearman(a, b), edges: edges,
            generation: LogHistogram.shares(of: a, edges: edges),
            understanding: LogHistogram.shares(of: b, edges: edges))
    }

    /// Scores divided by their mean; as they are where that is zero.
    private static func relative(_ scores: [Float]) -> [Double] {
        let values = scores.map(Double.init)
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        return mean > 0 ? values.map { $0 / mean } : values
    }
}
