import FlashU
import FlashUTesting
import Foundation
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

    /// What start-time fair queueing promises, which is less than the quantum and the unit of deficit round-robin: over any time in which two clients want
    /// turns, what they have had differs by a unit of each at most, whatever units cost and whoever comes and goes.
    @Test(arguments: [Calibration.Task.generation, .understanding]) func nobodyIsFarBehind(_ task: Calibration.Task)
        throws
    {
        var random = SeededRandom(seed: 11)
        func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        for _ in 0..<20 {
            let clients = 2 + Int(random.next() % 7)
            // Some clients' units are a hundred times those of others.
            let largest = (0..<clients).map { _ in 0.01 * pow(100, uniform()) }
            let eagerness = (0..<clients).map { _ in uniform() }
            var turns = FairTurns()
            var wants = (0..<clients).map { _ in 0 }
            var had = (0..<clients).map { _ in 0.0 }
            // How far one was ahead of another, least and most, since both want turns.
            var ahead: [[ClosedRange<Double>]] = had.map { _ in had.map { _ in 0...0 } }
            for _ in 0..<2000 {
                for i in 0..<clients where wants[i] == 0 && uniform() < 0.2 * eagerness[i] {
                    wants[i] = 1 + Int(random.next() % 100)
                    for j in 0..<clients {
                        ahead[i][j] = had[i] - had[j]...had[i] - had[j]
                        ahead[j][i] = had[j] - had[i]...had[j] - had[i]
                    }
                }
                let present = (0..<clients).filter { wants[$0] > 0 }
                let claims = present.map { FairTurns.Claim(number: $0, task: task, client: "c\($0)") }
                guard let next = turns.next(of: claims) else {
                    #expect(present.isEmpty)
                    continue
                }
                let seconds = largest[next] * (uniform() < 0.3 ? 1 : uniform())
                turns.charge(claims[present.firstIndex(of: next) ?? 0], seconds: seconds)
                had[next] += seconds
                wants[next] -= 1
                for i in present {
                    for j in present where i != j {
                        let now = had[i] - had[j]
                        ahead[i][j] = min(ahead[i][j].lowerBound, now)...max(ahead[i][j].upperBound, now)
                        let change = ahead[i][j].upperBound - ahead[i][j].lowerBound
                        guard change <= largest[i] + largest[j] + 1e-9 else {
                            Issue.record("\(i) and \(j) differ by \(change) s; their units take up to \(largest)")
                            return
                        }
                    }
                }
            }
        }
    }

    /// One request after the other has no more of the engine than its share, be its units ever so long: who was ahead when it left is ahead when it comes
    /// back. And nobody starves beside a client that sends without pause.
    @Test func returningIsNoAdvantage() throws {
        for (long, short) in [(10.0, 0.1), (0.1, 10), (1, 1)] {
            var turns = FairTurns()
            let steady = FairTurns.Claim(number: 0, task: .generation, client: "steady")
            var had = (steady: 0.0, returning: 0.0)
            var number = 0
            var isThere = false
            while had.steady + had.returning < 1500 {
                let returning = FairTurns.Claim(number: 1 + number, task: .generation, client: "returning")
                let next = turns.next(of: isThere ? [steady, returning] : [steady])
                if next == 0 {
                    turns.charge(steady, seconds: short)
                    had.steady += short
                    // It comes with its next request as soon as it can.
                    isThere = true
                } else {
                    turns.charge(returning, seconds: long)
                    had.returning += long
                    turns.end(returning, left: [steady])
                    number += 1
                    isThere = false
                }
            }
            let share = had.returning / (had.steady + had.returning)
            #expect(share < 0.51, "units of \(long) s beside \(short) s: \(share)")
        }
    }

    /// A flood of questions, each of a new client, leaves drawings the fifth that is theirs, and each drawing's wait between units is bounded.
    @Test func drawingsDoNotStarve() throws {
        var turns = FairTurns()
        let drawings = (0..<3).map { FairTurns.Claim(number: $0, task: .generation, client: "d\($0)") }
        // Ten wait at any time.
        var questions = (10..<20).map { FairTurns.Claim(number: $0, task: .understanding, client: "q\($0)") }
        var number = 20
        var had = [0.0, 0, 0]
        var (time, last) = (0.0, [0.0, 0, 0])
        while time < 400 {
            let all = drawings + questions
            let chosen = turns.next(of: all)
            let next = try #require(chosen)
            let claim = try #require(all.first { $0.number == next })
            turns.charge(claim, seconds: 0.1)
            time += 0.1
            if next < 3 {
                had[next] += 0.1
                #expect(time - last[next] < 2)
                last[next] = time
            } else {
                questions.removeAll { $0.number == next }
                turns.end(claim, left: drawings + questions)
                questions.append(.init(number: number, task: .understanding, client: "q\(number)"))
                number += 1
            }
        }
        #expect(had.allSatisfy { abs($0 / time - 0.2 / 3) < 0.005 }, "\(had)")
    }
}
