import Sets
import Testing

@Suite("Shards") struct ShardTests {
    @Test(
        "Shards are disjoint and complete, whatever their number, counted from 0 or from 1",
        arguments: [1, 2, 3, 7, 60, 100])
    func complete(count: Int) throws {
        for first in [0, 1] {
            let shards = try (first..<first + count).map { try #require(Shard("\($0)/\(count)")) }
            for place in 0..<60 { #expect(shards.count { $0.takes(place) } == 1) }
        }
    }

    @Test(
        "What is no shard",
        arguments: ["", "1", "1/", "/2", "3/2", "-1/2", "1/0", "1/2/3", "a/b", "1/9999999999", "+1/2", " 1/2"])
    func refused(text: String) { #expect(Shard(text) == nil) }

    @Test("A seed is what Python's hashlib makes of run, sample and prompt")
    func seeds() {
        #expect(ImageSeed.of(run: 0, prompt: "a photo of a bench", sample: 0) == 3983776671)
        #expect(ImageSeed.of(run: 7, prompt: "ein grüner Käse", sample: 3) == 1027272699)
    }
}
