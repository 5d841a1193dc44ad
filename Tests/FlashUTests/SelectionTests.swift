import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

@Suite struct SelectionTests {
    func calibration(layers: Int, neurons: Int, seed: UInt64) -> Calibration {
        var random = SeededRandom(seed: seed)
        func scores() -> Calibration.Scores {
            let rows = (0..<layers).map { _ in (0..<neurons).map { _ in Float.random(in: 0..<1, using: &random) } }
            return .init(wanda: rows, reconstruction: rows, layers: (0..<layers).map { _ in 0.5 })
        }
        return Calibration(scores: [.generation: scores(), .understanding: scores()])
    }

    func best(_ scores: [Float], _ count: Int) -> Set<Int> {
        Set(scores.indices.sorted { scores[$0] > scores[$1] }.prefix(count))
    }

    @Test func eachTaskRunsOneRangeThatHoldsItsBestNeurons() throws {
        let calibration = calibration(layers: 3, neurons: 640, seed: 1)
        let order = NeuronOrder(calibration, generationRatio: 0.2, understandingRatio: 0.3)
        for task in Calibration.Task.allCases {
            let ratio = task == .generation ? 0.2 : 0.3
            let kept = NeuronOrder.kept(of: 640, ratio: ratio)
            #expect(kept == (task == .generation ? 512 : 448))
            let ranges = try #require(order.ranges(task, ratio: ratio))
            for layer in 0..<3 {
                #expect(order.order[layer].sorted() == Array(0..<640))
                #expect(ranges[layer].count == 1)
                let run = Set(ranges[layer].flatMap { $0.map { order.order[layer][$0] } })
                let wanted = best(try #require(calibration.scores[task]).wanda[layer], kept)
                #expect(run.isSuperset(of: wanted))
                #expect(run.count <= kept + 30)
                if task == .generation { #expect(run == wanted) }
            }
        }
    }

    @Test(arguments: [0.05, 0.35, 0.5, 0.8])
    func otherRatiosNeedNoRecalibration(ratio: Double) throws {
        let calibration = calibration(layers: 2, neurons: 640, seed: 2)
        let order = NeuronOrder(calibration, generationRatio: 0.2, understandingRatio: 0.2)
        for task in Calibration.Task.allCases {
            let kept = NeuronOrder.kept(of: 640, ratio: ratio)
            for (layer, ranges) in try #require(order.ranges(task, ratio: ratio)).enumerated() {
                let run = ranges.flatMap { $0.map { order.order[layer][$0] } }
                #expect(Set(run).count == run.count && run.count >= kept && run.count < kept + 48)
                #expect(
                    ranges.allSatisfy { $0.lowerBound % 16 == 0 && ($0.upperBound % 16 == 0 || $0.upperBound == 640) })
                // Near the best choice's total score even where the tasks' scores have nothing to do with each other; a random
                // choice would reach 0.67 of it at ratio 0.5 and 0.55 at 0.8.
                let scores = try #require(calibration.scores[task]).wanda[layer]
                let total = run.reduce(Float(0)) { $0 + scores[$1] }
                let ideal = best(scores, kept).reduce(Float(0)) { $0 + scores[$1] }
                #expect(total > 0.8 * ideal, "\(task), ratio \(ratio)")
            }
        }
    }

    @Test func ratioZeroIsEverything() {
        let order = NeuronOrder(
            calibration(layers: 1, neurons: 64, seed: 3), generationRatio: 0.2, understandingRatio: 0.2)
        #expect(order.ranges(.generation, ratio: 0) == nil)
    }

    @Test func tokensByNorm() throws {
        let norms: [Float] = [5, 1, 4, 2, 3, 9, 7, 8]
        #expect(try TokenSelection.keepLowNorm.kept(norms, dropRatio: 0.5, seed: 0) == [1, 2, 3, 4])
        #expect(try TokenSelection.keepHighNorm.kept(norms, dropRatio: 0.5, seed: 0) == [0, 5, 6, 7])
        #expect(try TokenSelection.stride.kept(norms, dropRatio: 0.5, seed: 0) == [0, 2, 4, 6])
        let random = try TokenSelection.random.kept(norms, dropRatio: 0.5, seed: 1)
        #expect(random.count == 4 && Set(random).count == 4 && random == random.sorted())
        #expect(try random == TokenSelection.random.kept(norms, dropRatio: 0.5, seed: 1))
        for selection in TokenSelection.allCases {
            #expect(try selection.kept(norms, dropRatio: 0, seed: 0) == Array(0..<8))
            #expect(try selection.kept([1], dropRatio: 0.95, seed: 0) == [0])
        }
    }

    @Test(
        "A calibrated selection keeps high norms where attention rises with them; without knowledge it is the paper's")
    func selectionByCalibration() throws {
        #expect(TokenSelection.calibrated.resolved(0.2) == .keepHighNorm)
        #expect(TokenSelection.calibrated.resolved(-0.2) == .keepLowNorm)
        #expect(TokenSelection.calibrated.resolved(nil) == .keepLowNorm)
        #expect(TokenSelection.stride.resolved(0.9) == .stride)
        let norms: [Float] = [5, 1, 4, 2]
        var profile = AccelerationProfile.off
        profile.tokens.dropRatio = 0.5
        profile.tokens.layer = 1
        profile.tokens.selection = .calibrated
        for (correlations, kept) in [([0, 0.3, 0], [0, 2]), ([0.3, -0.3, 0.3], [1, 3])] as [([Float], [Int])] {
            let scores = Calibration.Scores(wanda: [], reconstruction: [], layers: [], normAttention: correlations)
            let planner = ReadingPlanner(profile, layers: 3, neurons: nil, scores: scores)
            var tokens = ImageTokens(count: norms.count)
            tokens.valueNorms = norms
            #expect(try planner.cut?.keep(tokens) == kept)
        }
    }

    @Test func leastImportantLayers() {
        #expect(LayerSkipping.leastImportant([0.5, 0.1, 0.3, 0.1], ratio: 0.5) == [1, 3])
        #expect(LayerSkipping.leastImportant([0.5, 0.1, 0.3], ratio: 0.3).isEmpty)
    }

    /// Widths that are no multiples of a panel: ranges stay within them, hold whole panels or their end, and together what is kept.
    @Test(arguments: [1, 15, 16, 17, 65, 100, 200, 201, 333])
    func rangesOfAnyWidth(width: Int) {
        var random = SeededRandom(seed: UInt64(width))
        let scores = random.tensor([width]).floats().map { abs($0) }
        let task = Calibration.Scores(wanda: [scores], reconstruction: [scores], layers: [0])
        let order = NeuronOrder(
            Calibration(scores: [.generation: task, .understanding: task]), generationRatio: 0.01,
            understandingRatio: 0.5)
        #expect(order.order[0].sorted() == Array(0..<width))
        for ratio in [0.01, 0.2, 0.5, 0.99, 1, 7, .infinity] {
            for ranges in order.ranges(.generation, ratio: ratio) ?? [] {
                #expect(
                    ranges.allSatisfy { $0.lowerBound % 16 == 0 && ($0.upperBound % 16 == 0 || $0.upperBound == width) }
                )
                #expect(ranges.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= width })
                #expect(ranges.reduce(0) { $0 + $1.count } >= NeuronOrder.kept(of: width, ratio: ratio))
            }
        }
        #expect(order.ranges(.generation, ratio: 0) == nil && order.ranges(.generation, ratio: .nan) == nil)
    }
}
