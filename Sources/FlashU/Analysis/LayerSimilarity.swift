/// How much alike a layer's input and output are: the mean cosine, 1 = the layer only scales its input.
///
/// Paper: layers are redundant in generation, while understanding goes on changing the key tokens with depth; hence layer skipping, chosen
/// anew as steps go by. Layer importance there is 1 minus this.
public struct LayerSimilarity: Sendable, Equatable, Codable {
    /// t of each evaluation, 0 = noise, 1 = image.
    public var times: [Double]
    /// `[evaluations][layers]`: over all rows of the spans of both guidance branches, mean over the prompts.
    public var generation: [[Double]]
    /// `[layers]`: of the last token of the prefill, mean over the images.
    public var understanding: [Double]

    /// `[layers]`: the mean of ``generation`` over the evaluations.
    public var generationMean: [Double] {
        understanding.indices.map { layer in
            generation.reduce(0) { $0 + $1[layer] } / Double(max(1, generation.count))
        }
    }
}
