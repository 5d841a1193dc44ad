import FlashU
import ShowO2
import Testing

/// Shares and rank correlations of the two tasks' neurons.
@Suite struct NeuronOverlapTests {
    func overlap(_ generation: [Float], _ understanding: [Float], critical: Double = 0.2) throws -> NeuronOverlap {
        func scores(_ row: [Float]) -> Calibration.Scores {
            .init(wanda: [row], reconstruction: [row.reversed()], layers: [0.5])
        }
        return try NeuronOverlap(
            Calibration(scores: [.generation: scores(generation), .understanding: scores(understanding)]),
            score: .wanda,
            critical: critical)
    }

    @Test func sharesByHand() throws {
        // The best two of ten: 9 and 8, and 9 and 0.
        let one = try overlap([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 1, 2, 3, 4, 5, 6, 7, 8, 10])
        #expect(one.width == 10 && one.critical == 2)
        let layer = try #require(one.layers.first)
        #expect(layer.both == 0.1 && layer.generationOnly == 0.1 && layer.understandingOnly == 0.1)
        #expect(abs(layer.neither - 0.7) < 1e-12)
    }

    @Test func sameAndOppositeRankings() throws {
        let rising = (1...20).map(Float.init)
        let same = try #require(try overlap(rising, rising.map { $0 * 100 }).layers.first)
        #expect(same.both == 0.2 && same.generationOnly == 0 && same.rankCorrelation == 1)
        // A score counts relative to its task's mean: a task with more calibration tokens looks no different.
        #expect(same.generation == same.understanding)
        let opposite = try #require(try overlap(rising, rising.reversed()).layers.first)
        #expect(opposite.both == 0 && opposite.generationOnly == 0.2 && opposite.rankCorrelation == -1)
    }

    @Test(arguments: [0.01, 0.2, 0.5, 0.99])
    func oddScores(critical: Double) throws {
        for (a, b) in [([1, 1, 1, 1], [1, 2, 3, 4]), ([0, 0, 0, 0], [0, 0, 0, 0]), ([5], [6])] as [([Float], [Float])] {
            let result = try overlap(a, b, critical: critical)
            let layer = try #require(result.layers.first)
            #expect((1...a.count).contains(result.critical))
            #expect(abs(layer.both + layer.generationOnly + layer.understandingOnly + layer.neither - 1) < 1e-12)
            #expect(layer.rankCorrelation == nil)
            let numbers = layer.edges + layer.generation + layer.understanding
            #expect(numbers.allSatisfy { $0.isFinite })
        }
    }

    @Test func halfACalibrationAndDamagedScoresAreRefused() {
        let row = Calibration.Scores(wanda: [[1, 2]], reconstruction: [[1, .nan]], layers: [0.5])
        #expect(throws: ModelError.self) {
            try NeuronOverlap(Calibration(scores: [.generation: row]), score: .wanda, critical: 0.2)
        }
        #expect(throws: ModelError.self) {
            try NeuronOverlap(
                Calibration(scores: [.generation: row, .understanding: row]), score: .reconstruction, critical: 0.2)
        }
    }
}
