import FlashU
import Pipelines
import Testing

/// Who gets how much of the engine, on made-up costs.
@Suite struct FairTurnsTests {
    /// Seconds that each claim gets of `total`, when all want turns all the time and each unit takes what `cost` says.
    private func shares(
        _ claims: [FairTurns.Claim], total: Double = 1000, cost: (FairTurns.Claim) -> Double = { _ in 0.1 }
    ) throws -> [Double] {
        var turns = FairTurns()
        var had = claims.map { _ in 0.0 }
        var time = 0.0
        while time < total {
            let next = turns.next(of: claims)
            let number = try #require(next)
            let index = try #require(claims.firstIndex { $0.number == number })
            let seconds = cost(claims[index])
            turns.charge(claims[index], seconds: seconds)
            had[index] += seconds
            time += seconds
        }
        return had.map { $0 / time }
    }

    /// A client that sends much gets no more than one that sends little, and costs are counted in seconds, not in units.
    @Test func clientsHaveEqualShares() throws {
        let claims = [
            FairTurns.Claim(number: 1, task: .understanding, client: "a"),
            .init(number: 2, task: .understanding, client: "a"), .init(number: 3, task: .understanding, client: "a"),
            .init(number: 4, task: .understanding, client: "b"),
        ]
        let shares = try shares(claims) { $0.number == 4 ? 0.3 : 0.05 }
        #expect(abs(shares[3] - 0.5) < 0.01)
        #expect(abs(shares[0] - shares[2]) < 0.01)
    }

    /// Questions together have four fifths, drawings one, however many there are of either.
    @Test func questionsGoFirstUpToAShare() throws {
        var claims = (1...9).map { FairTurns.Claim(number: $0, task: .generation, client: "c\($0)") }
        claims.append(.init(number: 10, task: .understanding, client: "q"))
        let shares = try shares(claims)
        #expect(abs(shares[9] - 0.8) < 0.01)
        #expect(shares.prefix(9).allSatisfy { abs($0 - 0.2 / 9) < 0.01 })
    }

    /// A client's drawings come one after the other, beside those of others; jobs of nobody are clients of their own.
    @Test func drawingsOfAClientComeInOrder() throws {
        let claims = [
            FairTurns.Claim(number: 1, task: .generation, client: "a"),
            .init(number: 2, task: .generation, client: "a"), .init(number: 3, task: .generation, client: "b"),
            .init(number: 4, task: .generation, client: nil), .init(number: 5, task: .generation, client: nil),
        ]
        let shares = try shares(claims)
        for (share, expected) in zip(shares, [0.25, 0, 0.25, 0.25, 0.25]) { #expect(abs(share - expected) < 0.01) }
    }

    /// A weight is a share beside others of the same task.
    @Test func weightsCount() throws {
        let claims = [
            FairTurns.Claim(number: 1, task: .generation, client: nil, weight: 3),
            .init(number: 2, task: .generation, client: nil),
        ]
        #expect(abs(try shares(claims)[0] - 0.75) < 0.01)
    }

    /// Who comes late, or back, begins where the others are: at once, but without the turns that were missed.
    @Test func nobodySavesUp() throws {
        var turns = FairTurns()
        let (old, new) = (
            FairTurns.Claim(number: 1, task: .generation, client: "old"),
            FairTurns.Claim(number: 2, task: .generation, client: "new")
        )
        for _ in 0..<1000 {
            #expect(turns.next(of: [old]) == 1)
            turns.charge(old, seconds: 0.1)
        }
        var counts = [1: 0, 2: 0]
        for _ in 0..<100 {
            let next = turns.next(of: [old, new])
            let number = try #require(next)
            counts[number, default: 0] += 1
            turns.charge(number == 1 ? old : new, seconds: 0.1)
        }
        #expect(abs((counts[1] ?? 0) - 50) <= 1)
        // A question that comes now is next.
        let question = FairTurns.Claim(number: 3, task: .understanding, client: "old")
        var waited = 0
        while turns.next(of: [old, new, question]) != 3, waited < 5 {
            turns.charge(old, seconds: 0.1)
            waited += 1
        }
        #expect(waited <= 1)
    }
}
