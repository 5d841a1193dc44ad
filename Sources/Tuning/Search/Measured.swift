import Foundation
import Pipelines

/// What a candidate did on one sample.
struct Measured: Sendable, Codable, Equatable {
    /// Points lost, 100 = all.
    var loss: Double
    /// Seconds, without the VAE.
    var seconds: Double
    /// Floating-point operations.
    var flops: Int
    /// How a drawing differs; nil for answers.
    var drawing: DrawingLoss?
    /// How an answer differs; nil for drawings.
    var answer: AnswerLoss?
}

/// What a candidate did on several samples.
struct Trial: Sendable {
    let candidate: Candidate
    /// By sample.
    var samples: [Measured]

    var loss: Interval { Interval(of: samples.map(\.loss)) }
    /// Mean.
    var seconds: Double { samples.reduce(0) { $0 + $1.seconds } / Double(max(1, samples.count)) }
    /// Mean.
    var flops: Double { samples.reduce(0) { $0 + Double($1.flops) } / Double(max(1, samples.count)) }
    /// Mean.
    var meanLoss: Double { samples.reduce(0) { $0 + $1.loss } / Double(max(1, samples.count)) }

    /// Deviation of the mean loss; infinite where it is not known.
    var error: Double {
        guard samples.count > 1 else { return .infinity }
        let mean = meanLoss
        let squares = samples.reduce(0) { $0 + ($1.loss - mean) * ($1.loss - mean) }
        return (squares / Double(samples.count - 1) / Double(samples.count)).squareRoot()
    }
}

/// Samples that serve one purpose only: a choice is never judged on what it was made by.
enum SampleSet: String, Sendable, Codable, CaseIterable {
    /// Knobs are measured on these.
    case search
    /// Combinations are chosen by these.
    case choice
    /// What was chosen is judged by these.
    case verdict
}
