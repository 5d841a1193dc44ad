/// The seed of an image of a set: a hash of the run's seed, the prompt and the sample's number, so that an image is the same whichever machine draws it and
/// whatever was drawn before.
///
/// It is the first four bytes, big-endian, of the SHA-256 of the UTF-8 text `"RUN\nSAMPLE\nPROMPT"`, numbers in decimal: 32 bits, since PyTorch's generator looks at no more. In
/// Python:
///
/// ```python
/// int.from_bytes(hashlib.sha256(f"{run}\n{sample}\n{prompt}".encode()).digest()[:4], "big")
/// ```
///
/// Where a list has a prompt twice, the second one's samples are numbered on from the first one's, so that no image is drawn twice.
public enum ImageSeed {
    /// The seed of sample 0, 1, ... of a prompt.
    public static func of(run: UInt64, prompt: String, sample: Int) -> UInt64 {
        StableHash.digest("\(run)\n\(sample)\n\(prompt)").prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
