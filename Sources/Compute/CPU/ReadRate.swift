import Foundation
import Synchronization
import Tensors

extension CPUCompute {
    /// The rate at which the machine reads memory now, in bytes a second; see ``ReadRate``.
    public func measuredReadRate(seconds: Double = 0.5) -> Double {
        ReadRate(self).measured(seconds: seconds)
    }
}

/// The rate at which the machine reads memory: all threads at once, each through memory of its own that no cache holds. Decoding one token reads
/// every weight once, so this is its limit. The rate changes within seconds on some machines: measure it next to what it limits.
public struct ReadRate: Sendable {
    private typealias Block = SIMD16<UInt64>

    private let compute: CPUCompute
    private let memory: [Tensor]

    /// Takes 64 MB for each thread, at least 128, until it is released.
    public init(_ compute: CPUCompute) {
        let threads = compute.threads
        let bytes = max(128 << 20 / threads, 64 << 20)
        let memory = (0..<threads).map { _ in Tensor(zeros: [bytes], dtype: .uint8) }
        // Pages that were never written are all the same page of zeros, and cached. So are equal pages, where the host looks for them.
        compute.pool.forEach(threads) { i in
            let words = memory[i].pointer.assumingMemoryBound(to: UInt64.self)
            for j in 0..<bytes / 8 { words[j] = UInt64(j * threads + i + 1) }
        }
        (self.compute, self.memory) = (compute, memory)
    }

    /// Bytes a second now, the best of some rounds.
    public func measured(seconds: Double) -> Double {
        let (bytes, threads) = (memory[0].byteCount, memory.count)
        // What was read is used, so that the compiler cannot leave the reading out.
        let sink = Atomic<UInt64>(0)
        let least = leastSeconds(within: seconds) {
            compute.pool.forEach(threads) { i in
                let blocks = memory[i].pointer.assumingMemoryBound(to: Block.self)
                var bits = Block.zero
                for j in 0..<bytes / MemoryLayout<Block>.size { bits |= blocks[j] }
                sink.bitwiseOr(bits.wrappedSum(), ordering: .relaxed)
            }
        }
        return sink.load(ordering: .relaxed) != 0 ? Double(bytes * threads) / least : 0
    }
}
