import Evaluation
import Testing

@Suite("Scores") struct ScoreTests {
    /// Values of `wilson` in `Training/evaluate.py`.
    @Test(
        "Wilson's interval",
        arguments: [
            (45, 60, 0.627679298195574, 0.8422347752873125), (0, 10, 0, 0.2775328030260577),
            (10, 10, 0.7224671969739421, 1), (791, 1018, 0.7504294158059346, 0.8015153062426918),
        ])
    func wilson(right: Int, count: Int, low: Double, high: Double) {
        let score = BenchReport.Score(right: right, count: count)
        #expect(abs(score.low - low) < 1e-12 && abs(score.high - high) < 1e-12, "\(score)")
        #expect(score.share == Double(right) / Double(count))
    }

    @Test("Nothing measured, nothing known")
    func none() {
        let score = BenchReport.Score(right: 0, count: 0)
        #expect(score.share == 0 && score.low == 0 && score.high == 1)
    }
}
