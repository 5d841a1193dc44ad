import Sets
import Testing

@Suite("Seeds of images") struct ImageSeedTests {
    /// Python: `int.from_bytes(hashlib.sha256(f"{run}\n{sample}\n{prompt}".encode()).digest()[:4], "big")`
    @Test(
        "What Python makes of run, sample and prompt",
        arguments: [(0, 0, "x", 3_980_737_281), (7, 3, "ünï", 3_851_530_941)])
    func python(run: UInt64, sample: Int, prompt: String, seed: UInt64) {
        #expect(ImageSeed.of(run: run, prompt: prompt, sample: sample) == seed)
    }
}
