package import Pipelines

/// What a candidate did on one sample.
package struct Measured: Sendable, Codable, Equatable {
    /// Points lost, 100 = all; below zero where it is better than the exact engine's.
    package var loss: Double
    /// Points of it that no other sample's gain pays for.
    package var leastLoss = 0.0
    /// Seconds, without the VAE.
    package var seconds: Double
    /// Floating-point operations.
    package var flops: Int
    /// How a drawing differs; nil for answers.
    package var drawing: DrawingLoss?
    /// How an answer differs; nil for drawings.
    package var answer: AnswerLoss?
    /// What was judged in it: an image, or so many questions.
    package var items = 1

    /// What was measured.
    package init(
        loss: Double, leastLoss: Double = 0, seconds: Double, flops: Int, drawing: DrawingLoss? = nil,
        answer: AnswerLoss? = nil,
        items: Int = 1
    ) {
        (self.loss, self.seconds, self.flops, self.drawing, self.answer) = (loss, seconds, flops, drawing, answer)
        (self.leastLoss, self.items) = (leastLoss, items)
    }
}

/// What a candidate did on several samples.
package struct Trial: Sendable {
    package let candidate: Candidate
    /// By sample.
    package var samples: [Measured]

    package init(candidate: Candidate, samples: [Measured]) { (self.candidate, self.samples) = (candidate, samples) }

    /// Points lost: no less than nothing, and than what no gain pays for.
    package var loss: Interval {
        var interval = Interval(of: samples.map(\.loss))
        interval.mean = meanLoss
        if interval.low.isFinite {
            (interval.low, interval.high) = (min(max(interval.low, 0), meanLoss), max(interval.high, meanLoss))
        }
        return interval
    }
    /// Mean.
    package var seconds: Double { samples.reduce(0) { $0 + $1.seconds } / Double(max(1, samples.count)) }
    /// Mean.
    package var flops: Double { samples.reduce(0) { $0 + Double($1.flops) } / Double(max(1, samples.count)) }
    /// Mean points lost.
    package var meanLoss: Double {
        DrawingLoss.net(samples.map(\.loss), atLeast: samples.map(\.leastLoss))
    }

    /// Images or questions that were judged.
    package var items: Int { samples.reduce(0) { $0 + $1.items } }

    /// Deviation of the mean loss; infinite where it is not known. Losses are rare and large, so that a few samples without any say little: it is
    /// taken for no less than half an item's whole loss spread over all.
    package var error: Double {
        guard samples.count > 1 else { return .infinity }
        let floor = 50 / Double(max(1, items))
        let mean = samples.reduce(0) { $0 + $1.loss } / Double(samples.count)
        let squares = samples.reduce(0) { $0 + ($1.loss - mean) * ($1.loss - mean) }
        return max(floor, (squares / Double(samples.count - 1) / Double(samples.count)).squareRoot())
    }
}

/// Samples that serve one purpose only: a choice is never judged on what it was made by.
package enum SampleSet: String, Sendable, Codable, CaseIterable {
    /// Knobs are measured on these.
    case search
    /// Combinations are chosen by these.
    case choice
    /// What was chosen is judged by these.
    case verdict
}
