import Compute
import Foundation
import ShowO2
import Tensors
import Testing

/// Official folders have no `geometry.json`: sizes come from the names and shapes of the weights.
@Suite struct GeometryInferenceTests {
    @Test("How the model is asked whether an image shows a prompt")
    func alignment() throws {
        let known = ShowO2Geometry.shapes
        let config = """
            {"hidden_size": \(known.llm.hidden), "image_latent_height": 8, "image_latent_width": 8, "clip_latent_dim": \(known.vision.hidden)}
            """
        func read(_ alignment: String?) throws -> ShowO2Geometry.Alignment {
            let heads = """
                "llm": {"num_attention_heads": 4, "num_key_value_heads": 2}, "vision": {"num_attention_heads": 3}, \
                "head": {"num_attention_heads": 5, "num_key_value_heads": 1, "head_dim": 64}
                """
            let text = "{\(heads)\(alignment.map { ", \"alignment\": \($0)" } ?? "")}"
            return try ShowO2Geometry(
                config: Data(config.utf8), geometry: Data(text.utf8), weights: RandomWeights(known)
            ).alignment
        }
        #expect(try read(nil) == .standard)
        #expect(try read("{\"grammar\": \"shapes\"}") == .shapes)
        #expect(try read("{\"question\": \"Is it {}?\", \"answer\": \"yes\"}") == .question("Is it {}?", answer: "yes"))
        for bad in [
            "{\"question\": \"Is it?\", \"answer\": \"yes\"}", "{\"question\": \"{}\"}", "{\"grammar\": \"cats\"}",
            "{}",
        ] {
            #expect(throws: ModelError.self) { try read(bad) }
        }
    }

    @Test(arguments: ["show-o2-1.5b", "show-o2-1.5b-hq-512", "show-o2-1.5b-hq-1024", "show-o2-7b"])
    func officialGeometriesFromWeightsAlone(name: String) throws {
        let known = try #require(ShowO2Geometry.known[name])
        let config = """
            {"hidden_size": \(known.llm.hidden), "image_latent_height": \(known.gridHeight), "image_latent_width": \(known.gridWidth),
             "image_latent_dim": 16, "patch_size": 2, "clip_latent_dim": 1152, "num_diffusion_layers": 10, "num_und_trans_layers": 8}
            """
        let inferred = try ShowO2Geometry(config: Data(config.utf8), geometry: nil, weights: RandomWeights(known))
        #expect(inferred.llm == known.llm)
        #expect(inferred.vision == known.vision)
        #expect(inferred.head == known.head)
        #expect(inferred.vocabulary == known.vocabulary)
        #expect(inferred.grid == known.grid)
        #expect(inferred.maxSequence == known.maxSequence)
        #expect(inferred.latentMean == known.latentMean && inferred.sampling == known.sampling)
    }
}
