import FlashUTesting
import Tensors
import Testing

/// The bounded cache keeps what was used last, and never more than its capacity.
@Suite struct LRUCacheTests {
    @Test func replacesWhatWasUsedLongestAgo() {
        var cache = LRUCache<String, Int>(capacity: 2)
        cache["a"] = 1
        cache["b"] = 2
        #expect(cache["a"] == 1)
        cache["c"] = 3
        #expect(cache["b"] == nil)
        #expect(cache.keys == ["c", "a"])
        cache["a"] = 4
        #expect(cache.count == 2)
        #expect(cache["a"] == 4)
        cache["a"] = nil
        #expect(cache.keys == ["c"])
    }

    @Test func makesAValueOnceAndKeepsNothingOfAFailure() {
        struct Failure: Error {}
        var cache = LRUCache<Int, Int>(capacity: 3)
        var made = 0
        for _ in 0..<4 {
            #expect(
                cache.value(for: 7) {
                    made += 1
                    return 49
                } == 49)
        }
        #expect(made == 1)
        #expect(throws: Failure.self) { try cache.value(for: 8) { () throws(Failure) in throw Failure() } }
        #expect(cache.keys == [7])
    }

    /// Against a list kept in order of use, over random reads, writes and removals.
    @Test(arguments: 0..<20)
    func agreesWithAList(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let capacity = random.choose([-1, 0, 1, 2, 5, 9])
        var cache = LRUCache<Int, Int>(capacity: capacity)
        var list: [(key: Int, value: Int)] = []  // used last first
        for round in 0..<500 {
            let key = random.choose(Array(0..<12))
            let known = list.firstIndex { $0.key == key }
            switch random.choose([0, 0, 1, 1, 2]) {
            case 0:
                #expect(cache[key] == known.map { list[$0].value })
                if let known { list.insert(list.remove(at: known), at: 0) }
            case 1:
                cache[key] = round
                if let known { list.remove(at: known) }
                list.insert((key, round), at: 0)
                list = Array(list.prefix(max(1, capacity)))
            default:
                cache[key] = nil
                if let known { list.remove(at: known) }
            }
            #expect(cache.keys == list.map(\.key))
        }
    }
}
