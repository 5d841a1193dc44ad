import Testing
import Videos

struct FrameChoiceTests {
    /// `np.linspace(0, n - 1, count, dtype=int)` of NumPy 2.
    @Test(arguments: [
        (32, 32, Array(0..<32)),
        (8, 100, [0, 14, 28, 42, 56, 70, 84, 99]),
        (5, 3, [0, 0, 1, 1, 2]),
        (4, 1, [0, 0, 0, 0]),
        (1, 9, [0]),
        (2, 9, [0, 8]),
        (7, 50, [0, 8, 16, 24, 32, 40, 49]),
        (6, 1000, [0, 199, 399, 599, 799, 999]),
    ])
    func likeNumPy(count: Int, available: Int, expected: [Int]) {
        #expect(FrameChoice.evenly(count, of: available) == expected)
    }

    @Test func nothingOfNothing() {
        #expect(FrameChoice.evenly(0, of: 5).isEmpty)
        #expect(FrameChoice.evenly(5, of: 0).isEmpty)
        #expect(FrameChoice.evenly(-1, of: -1).isEmpty)
    }

    /// Groups go on where little lies between two frames, and begin anew behind a key otherwise.
    @Test func groups() {
        let times = (0..<1000).map { $0 * 10 }
        let isKey = (0..<1000).map { $0 % 100 == 0 }
        #expect(
            FramePlan.seeking(numbers: [0, 20, 150, 190, 700], times: times, isKey: isKey)
                == .seeking([[0, 200], [1500, 1900], [7000]]))
        // Never more than eight at once.
        #expect(
            FramePlan.seeking(numbers: Array(0..<10), times: times, isKey: isKey)
                == .seeking([Array(0..<8).map { $0 * 10 }, [80, 90]]))
    }
}
