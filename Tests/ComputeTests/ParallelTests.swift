import Compute
import Dispatch
import Synchronization
import Testing

/// The thread pool runs every task once, whoever calls it, at any number of threads and of tasks.
@Suite struct ParallelTests {
    @Test(arguments: [1, 2, 3, 5, 9])
    func everyTaskOnce(threads: Int) throws {
        let cpu = try CPUCompute(precision: .f32, threads: threads)
        // Three callers at once: more tasks than threads, fewer, and as many.
        DispatchQueue.concurrentPerform(iterations: 3) { caller in
            for round in 0..<400 {
                let count = [(round * 7 + caller) % 40, round % 50 == 0 ? 3000 : 2 * threads, threads][caller]
                let runs = (0..<count).map { _ in Counter() }
                cpu.parallel(count) { runs[$0].add() }
                #expect(runs.allSatisfy { $0.value == 1 }, "\(count) tasks on \(threads) threads")
            }
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        func add() { count.add(1, ordering: .relaxed) }
        var value: Int { count.load(ordering: .relaxed) }
    }
}
