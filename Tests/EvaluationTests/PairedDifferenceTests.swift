import Evaluation
import Testing

@Suite struct PairedDifferenceTests {
    /// Bonett and Price's interval, computed by hand: (11 - 6) / 102 and its spread.
    @Test func intervalOfAPairedDifference() {
        let some = PairedDifference(gained: 10, lost: 5, count: 100)
        #expect(some.difference == 0.05)
        #expect(abs(some.low + 0.02963) < 1e-4 && abs(some.high - 0.12767) < 1e-4)
        let mirrored = PairedDifference(gained: 5, lost: 10, count: 100)
        #expect(mirrored.difference == -0.05 && mirrored.low == -some.high && mirrored.high == -some.low)
    }

    /// Runs that agree everywhere differ by nothing, within an interval that shrinks with the samples.
    @Test func agreement() {
        let (few, many) = (
            PairedDifference(gained: 0, lost: 0, count: 10), PairedDifference(gained: 0, lost: 0, count: 1000)
        )
        #expect(few.difference == 0 && few.low < 0 && few.high == -few.low && many.high < few.high / 10)
        let none = PairedDifference(gained: 0, lost: 0, count: 0)
        #expect(none.low == -1 && none.high == 1)
    }
}
