import Compute

extension ShowO2Geometry {
    /// The embedded shapes model's (`Models/shapes/geometry.json`), for benchmarks that need no files.
    public static let shapes = ShowO2Geometry(
        name: "shapes",
        llm: Stack(
            hidden: 256, layers: 8, attention: AttentionGeometry(heads: 4, keyValueHeads: 2, headDim: 64),
            intermediate: 640),
        vocabulary: 1024, ropeTheta: 1e6, llmEpsilon: 1e-6,
        vision: Stack(
            hidden: 192, layers: 4, attention: AttentionGeometry(heads: 3, keyValueHeads: 3, headDim: 64),
            intermediate: 512),
        visionEpsilon: 1e-6,
        head: Stack(
            hidden: 320, layers: 3, attention: AttentionGeometry(heads: 5, keyValueHeads: 1, headDim: 64),
            intermediate: 640),
        latentChannels: 16, patch: 2, gridHeight: 8, gridWidth: 8, positions: 64, maxSequence: 96,
        special: SpecialTokens(beginOfSequence: 1014, endOfSequence: 1015, beginOfImage: 1016, endOfImage: 1017),
        latentMean: wanMean, latentStd: wanStd, sampling: SamplingDefaults(steps: 30, timeShift: 3, guidance: 3.5))
}
