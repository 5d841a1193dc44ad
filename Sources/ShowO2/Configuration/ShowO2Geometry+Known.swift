import Compute

extension ShowO2Geometry {
    /// Published geometries by name: `show-o2-1.5b`, `show-o2-1.5b-hq-512`, `show-o2-1.5b-hq-1024`, `show-o2-7b`.
    public static let known: [String: ShowO2Geometry] = [
        "show-o2-1.5b": official("show-o2-1.5b", large: false, side: 27, maxSequence: 1024),
        "show-o2-1.5b-hq-512": official("show-o2-1.5b-hq-512", large: false, side: 32, maxSequence: 1280),
        "show-o2-1.5b-hq-1024": official("show-o2-1.5b-hq-1024", large: false, side: 64, maxSequence: 4352),
        "show-o2-7b": official("show-o2-7b", large: true, side: 27, maxSequence: 1024),
    ]

    /// Qwen2.5-1.5B or -7B with SigLIP so400m's first 26 layers and a head of ten layers.
    private static func official(_ name: String, large: Bool, side: Int, maxSequence: Int) -> ShowO2Geometry {
        ShowO2Geometry(
            name: name,
            llm: Stack(
                hidden: large ? 3584 : 1536, layers: 28,
                attention: AttentionGeometry(heads: large ? 28 : 12, keyValueHeads: large ? 4 : 2, headDim: 128),
                intermediate: large ? 18944 : 8960),
            vocabulary: large ? 152_064 : 151_936, ropeTheta: 1e6, llmEpsilon: 1e-6,
            vision: Stack(
                hidden: 1152, layers: 26, attention: AttentionGeometry(heads: 16, keyValueHeads: 16, headDim: 72),
                intermediate: 4304),
            visionEpsilon: 1e-6,
            head: Stack(
                hidden: 2048, layers: 10, attention: AttentionGeometry(heads: 32, keyValueHeads: 8, headDim: 64),
                intermediate: 8192),
            latentChannels: 16, patch: 2, gridHeight: side, gridWidth: side, positions: 729, maxSequence: maxSequence,
            special: SpecialTokens(
                beginOfSequence: 151_644, endOfSequence: 151_645, beginOfImage: 151_652, endOfImage: 151_653),
            latentMean: wanMean, latentStd: wanStd, sampling: SamplingDefaults(steps: 50, timeShift: 3, guidance: 5))
    }
}
