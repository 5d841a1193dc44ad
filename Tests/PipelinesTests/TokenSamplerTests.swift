import Foundation
import Pipelines
import Testing

@Suite struct TokenSamplerTests {
    static let logits: [Float] = [1.0, 3.0, 2.0, -1.0, 2.5, 0.0]

    static func draw(_ options: SamplingOptions, _ count: Int, _ logits: [Float] = logits) -> [Int] {
        var sampler = TokenSampler(options)
        return (0..<count).map { _ in sampler.next(logits) }
    }

    /// Expected probabilities of the tokens at a temperature, the others 0.
    static func softmax(_ tokens: [Int], _ temperature: Double) -> [Double] {
        let weights = logits.indices.map { tokens.contains($0) ? exp(Double(logits[$0]) / temperature) : 0 }
        return weights.map { $0 / weights.reduce(0, +) }
    }

    /// Pearson's chi-squared statistic; no token of probability 0 may occur.
    static func chiSquared(_ draws: [Int], _ expected: [Double]) -> Double {
        expected.indices.reduce(0) { sum, token in
            let (seen, wanted) = (Double(draws.count { $0 == token }), expected[token] * Double(draws.count))
            return wanted == 0 ? (seen == 0 ? sum : .infinity) : sum + (seen - wanted) * (seen - wanted) / wanted
        }
    }

    @Test func greedyTakesTheLikeliestAndOfEqualsTheFirst() {
        #expect(Self.draw(.init(), 3) == [1, 1, 1])
        #expect(Self.draw(.init(temperature: 5, topK: 1), 3) == [1, 1, 1])
        #expect(Self.draw(.init(), 1, [2, 7, 7, 1]) == [1])
    }

    // The bounds are the 99.99 % points for 5, 2 and 1 degrees of freedom; the seeds are fixed.
    @Test(arguments: [0.5, 1, 2])
    func temperature(_ temperature: Double) {
        let draws = Self.draw(.init(temperature: temperature, seed: 9), 20_000)
        #expect(Self.chiSquared(draws, Self.softmax([0, 1, 2, 3, 4, 5], temperature)) < 25.7)
    }

    @Test func topK() {
        let draws = Self.draw(.init(temperature: 1, topK: 3, seed: 4), 20_000)
        #expect(Self.chiSquared(draws, Self.softmax([1, 2, 4], 1)) < 18.4)
        #expect(
            Self.draw(.init(temperature: 1, topK: 100, seed: 4), 50) == Self.draw(.init(temperature: 1, seed: 4), 50))
    }

    /// The smallest set of likeliest tokens that reaches p: 0.457, then 0.277, then 0.168.
    @Test func topP() {
        #expect(Self.draw(.init(temperature: 1, topP: 0.4, seed: 4), 100).allSatisfy { $0 == 1 })
        let two = Self.draw(.init(temperature: 1, topP: 0.6, seed: 4), 20_000)
        #expect(Self.chiSquared(two, Self.softmax([1, 4], 1)) < 15.2)
        let three = Self.draw(.init(temperature: 1, topP: 0.8, seed: 4), 20_000)
        #expect(Self.chiSquared(three, Self.softmax([1, 2, 4], 1)) < 18.4)
        #expect(Set(Self.draw(.init(temperature: 3, topP: 1, seed: 4), 5000)).count == Self.logits.count)
    }

    /// Options that make no sense leave at least the likeliest token.
    @Test func impossibleOptions() {
        for k in [0, -1, .min, .max] {
            #expect(Self.draw(.init(temperature: 1, topK: k), 20).allSatisfy(Self.logits.indices.contains))
        }
        for p in [0, -1, .nan, .infinity] {
            #expect(Self.draw(.init(temperature: 1, topP: p), 20).allSatisfy(Self.logits.indices.contains))
        }
        for temperature in [-1, .nan, 1e-300] {
            #expect(Self.draw(.init(temperature: temperature), 20).allSatisfy { $0 == 1 })
        }
    }

    @Test func aSeedIsASequence() {
        func draws(_ seed: UInt64) -> [Int] { Self.draw(.init(temperature: 1, seed: seed), 200) }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
        #expect(draws(.max) == draws(.max))
    }
}
