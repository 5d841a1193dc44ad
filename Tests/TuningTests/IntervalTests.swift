import Foundation
import Pipelines
import Testing

@Suite("Bootstrap intervals") struct IntervalTests {
    @Test("The interval of a mean is that of the normal distribution where this holds")
    func normal() {
        // 400 samples of mean 2 and deviation 1: the mean's deviation is 0.05.
        let samples = (0..<400).map { 2 + 1.2247 * Double($0 % 3 - 1) }
        let interval = Interval(of: samples)
        let mean = samples.reduce(0, +) / 400
        #expect(abs(interval.mean - mean) < 1e-12)
        #expect(abs(interval.low - (mean - 0.098)) < 0.012)
        #expect(abs(interval.high - (mean + 0.098)) < 0.012)
        #expect(interval == Interval(of: samples))
    }

    @Test("Nothing is known of the spread of one sample, and JSON says so")
    func single() throws {
        let interval = Interval(of: [0.5])
        #expect(interval.low == -.infinity && interval.high == .infinity)
        let json = try JSONEncoder().encode(interval)
        let text = try #require(String(data: json, encoding: .utf8))
        #expect(!text.contains("low"))
        #expect(try JSONDecoder().decode(Interval.self, from: json) == interval)
    }

    @Test("Equal samples have no spread")
    func constant() {
        let interval = Interval(of: [0.25, 0.25, 0.25])
        #expect(interval.low == 0.25 && interval.high == 0.25)
    }

    @Test("Scaling by a negative number turns the ends round")
    func scaling() {
        let scaled = Interval(of: [0, 1, 2, 3]).scaled(by: -2)
        #expect(scaled.low <= scaled.mean && scaled.mean <= scaled.high && scaled.mean == -3)
    }
}
