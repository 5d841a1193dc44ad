import FlashU
import Testing

/// The statistics of an analysis, on lists small enough to work out by hand.
@Suite struct CorrelationTests {
    @Test func pearson() throws {
        #expect(Correlation.pearson([1, 2, 3], [10, 20, 30]) == 1)
        #expect(Correlation.pearson([1, 2, 3], [3, 2, 1]) == -1)
        // Deviations (-1, 0, 1) and (-1, 1, 0): 1 / 2.
        #expect(abs(try #require(Correlation.pearson([1, 2, 3], [1, 3, 2])) - 0.5) < 1e-12)
    }

    @Test func spearmanIsOfRanks() throws {
        #expect(Correlation.spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == 1)
        #expect(Correlation.spearman([1, 2, 3, 4], [9, 8, 7, -7]) == -1)
        // Differences of ranks 1, 1, 1, 1: 1 - 6 * 4 / (4 * 15).
        #expect(abs(try #require(Correlation.spearman([1, 2, 3, 4], [2, 1, 4, 3])) - 0.6) < 1e-12)
    }

    @Test func equalValuesShareTheirRank() throws {
        // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: covariance 4.5, squares 4.5 and 5.
        let expected = 4.5 / (4.5 * 5.0).squareRoot()
        #expect(abs(try #require(Correlation.spearman([1, 2, 2, 3], [1, 2, 3, 4])) - expected) < 1e-12)
        // Order of equal ones does not matter.
        #expect(
            Correlation.spearman([1, 2, 2, 3], [1, 3, 2, 4]) == Correlation.spearman([1, 2, 2, 3], [1, 2, 3, 4]))
    }

    @Test func notDefinedIsNilAndNeverNaN() {
        #expect(Correlation.pearson([], []) == nil)
        #expect(Correlation.pearson([1], [2]) == nil)
        #expect(Correlation.pearson([1, 1, 1], [1, 2, 3]) == nil)
        #expect(Correlation.spearman([1, 2, 3], [5, 5, 5]) == nil)
        #expect(Correlation.pearson([1, 2], [1, 2, 3]) == nil)
        #expect(Correlation.spearman([.greatestFiniteMagnitude, 0, -1], [1, 0, -1]) == 1)
    }

    @Test func histogramBinsAreEvenInTheLogarithm() {
        let edges = LogHistogram.edges(covering: [100, 1, 10_000], bins: 4)
        #expect(edges.count == 5 && edges.first == 1 && edges.last == 10_000)
        for (edge, expected) in zip(edges, [1, 10, 100, 1000, 10_000] as [Double]) {
            #expect(abs(edge / expected - 1) < 1e-12)
        }
        #expect(
            LogHistogram.shares(of: [1, 5, 50, 500, 5000, 10_000], edges: edges).map { ($0 * 6).rounded() } == [
                2, 1, 1, 2,
            ])
    }

    @Test func histogramsOfOddScores() {
        for values in [[3, 3, 3], [0, 0], [], [0, 2, 2], [-1, 0, 7]] as [[Double]] {
            let edges = LogHistogram.edges(covering: values, bins: 5)
            #expect(edges.count == 6 && edges.allSatisfy { $0 > 0 && $0.isFinite }, "\(values)")
            #expect(zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 }, "\(values)")
            let shares = LogHistogram.shares(of: values, edges: edges)
            #expect(abs(shares.reduce(0, +) - (values.isEmpty ? 0 : 1)) < 1e-12, "\(values)")
            // Zeros and what is below them count in the lowest bin.
            let low = Double(values.filter { $0 <= 0 }.count)
            #expect(shares[0] * Double(values.count) >= low - 1e-9)
        }
    }
}
