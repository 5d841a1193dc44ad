import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// The rate at which the machine reads memory now, in bytes a second: all threads at once, each through memory of its own that no cache holds,
    /// best of some rounds. Decoding one token reads every weight once, so this is its limit.
    public func measuredReadRate(seconds: Double = 0.5) -> Double {
        typealias Block = SIMD16<UInt64>
        let bytes = max(256 << 20 / threads, 64 << 20)
        let memory = (0..<threads).map { _ in Tensor(zeros: [bytes], dtype: .uint8) }
        // Pages that were never written are all the same page of zeros, and cached. So are equal pages, where the host looks for them.
        pool.forEach(threads) { i in
            let words = memory[i].pointer.assumingMemoryBound(to: UInt64.self)
            for j in 0..<bytes / 8 { words[j] = UInt64(j * threads + i + 1) }
        }
        // What was read is used, so that the compiler cannot leave the reading out.
        let sink = Atomic<UInt64>(0)
        let least = leastSeconds(within: seconds) {
            pool.forEach(threads) { i in
                let blocks = memory[i].pointer.assumingMemoryBound(to: Block.self)
                var bits = Block.zero
                for j in 0..<bytes / MemoryLayout<Block>.size { bits |= blocks[j] }
                sink.bitwiseOr(bits.wrappedSum(), ordering: .relaxed)
            }
        }
        return sink.load(ordering: .relaxed) != 0 ? Double(bytes * threads) / least : 0
    }
}
