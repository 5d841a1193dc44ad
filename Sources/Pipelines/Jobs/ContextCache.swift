import FlashU
import ShowO2
import Synchronization

/// What was read before questions (pictures and the text around them), kept for further questions on the same: their keys and values, up to a number of
/// bytes, those used last.
///
/// A sequence in here is only ever forked, on the thread of the scheduler whose jobs use the cache, so one cache serves one model.
package final class ContextCache: Sendable {
    /// Bytes at most.
    package let limit: Int

    /// How it is used.
    package struct Usage: Sendable, Equatable {
        /// Bytes that are kept, as the jobs' estimates have them.
        package var bytes = 0
        /// Questions that found what they needed.
        package var hits = 0
        /// Questions that did not.
        package var misses = 0
    }

    private struct Kept {
        let sequence: TokenSequence
        let keptTokens: [[Int]]
        let bytes: Int
        var used: Int
    }

    private struct State {
        var usage = Usage()
        var clock = 0
        // Reached on the scheduler's thread only.
        nonisolated(unsafe) var entries: [String: Kept] = [:]
    }

    private let state = Mutex(State())

    /// An empty cache; one of 0 bytes keeps nothing.
    package init(limit: Int) { self.limit = limit }

    /// How it is used.
    package var usage: Usage { state.withLock { $0.usage } }

    /// A place in the cache, by a name for all that is read and for how.
    package struct Place: Sendable {
        let cache: ContextCache
        let key: String

        /// - Parameter key: equal for equal contexts only: a digest of contents, of the profile and of the tokens between.
        package init(_ cache: ContextCache, key: String) { (self.cache, self.key) = (cache, key) }
    }

    /// What is kept under a key.
    func find(_ key: String) -> (sequence: TokenSequence, keptTokens: [[Int]])? {
        let box = state.withLock { state -> Box? in
            guard var kept = state.entries[key] else {
                state.usage.misses += 1
                return nil
            }
            state.usage.hits += 1
            state.clock += 1
            kept.used = state.clock
            state.entries[key] = kept
            return Box(kept)
        }
        return box.map { ($0.kept.sequence, $0.kept.keptTokens) }
    }

    /// Keeps a sequence, which must not be changed any more, and lets those go that were used longest ago.
    func keep(_ key: String, _ sequence: TokenSequence, keptTokens: [[Int]], bytes: Int) {
        guard bytes <= limit else { return }
        let box = Box(Kept(sequence: sequence, keptTokens: keptTokens, bytes: bytes, used: 0))
        state.withLock { state in
            state.clock += 1
            var kept = box.kept
            kept.used = state.clock
            if let old = state.entries.updateValue(kept, forKey: key) { state.usage.bytes -= old.bytes }
            state.usage.bytes += bytes
            while state.usage.bytes > limit, let oldest = state.entries.min(by: { $0.value.used < $1.value.used }) {
                state.entries[oldest.key] = nil
                state.usage.bytes -= oldest.value.bytes
            }
        }
    }

    /// Carries what only the scheduler's thread uses through the lock.
    private struct Box: @unchecked Sendable {
        let kept: Kept
        init(_ kept: Kept) { self.kept = kept }
    }
}
