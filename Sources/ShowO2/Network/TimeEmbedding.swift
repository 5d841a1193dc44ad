import Compute
import Foundation
import Tensors

/// Time -> the head's conditioning vector (`time_embed`) and the LLM's time token (`time_embed_proj`).
///
/// Official file: `models/modules.py`, `TimestepEmbedder`. The sinusoids are of t in [0, 1], unscaled.
struct TimeEmbedding: Sendable {
    static let features = 256
    let first: any LinearWeights
    let second: any LinearWeights
    /// nil where the LLM is as wide as the head.
    let projection: (any LinearWeights)?
    let width: Int
    let hidden: Int

    init(_ loader: WeightLoader, _ geometry: ShowO2Geometry) throws {
        width = geometry.head.hidden
        hidden = geometry.llm.hidden
        first = try loader.linear("time_embed.mlp.0", width, Self.features)
        second = try loader.linear("time_embed.mlp.2", width, width)
        projection =
            hidden != width || loader.contains("time_embed_proj")
            ? try loader.linear("time_embed_proj", hidden, width) : nil
    }

    /// times -> (conditioning `[times, width]`, time tokens `[times, hidden]`), float32.
    func callAsFunction(_ times: [Float], _ compute: any Compute) -> (conditioning: Tensor, tokens: Tensor) {
        let half = Self.features / 2
        let sinusoids = Tensor(zeros: [times.count, Self.features])  // cosines, then sines
        sinusoids.update { at, _ in
            let (row, column) = (at / Self.features, at % Self.features)
            let frequency = Float(exp(-log(10000.0) * Double(column % half) / Double(half)))
            let angle = Double(times[row] * frequency)
            return Float(column < half ? cos(angle) : sin(angle))
        }
        let inner = Tensor(zeros: [times.count, width])
        compute.linear(sinusoids, first, .silu, .replace, into: inner)
        let conditioning = Tensor(zeros: [times.count, width])
        compute.linear(inner, second, .identity, .replace, into: conditioning)
        guard let projection else { return (conditioning, conditioning) }
        let tokens = Tensor(zeros: [times.count, hidden])
        compute.linear(conditioning, projection, .identity, .replace, into: tokens)
        return (conditioning, tokens)
    }
}
