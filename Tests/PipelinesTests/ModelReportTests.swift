import FlashUTesting
import Foundation
import Pipelines
import Tensors
import Testing

@Suite struct ModelReportTests {
    /// Counted anew from the embedded model's files.
    @Test func countsTheEmbeddedModel() throws {
        let report = try ModelReport(folder: ShapesModel.folder)
        let weights = try SafetensorsFile(url: ShapesModel.folder.appendingPathComponent("model.safetensors"))
        let vae = try SafetensorsFile(url: ShapesModel.folder.appendingPathComponent("vae.safetensors"))
        func count(_ file: SafetensorsFile, _ prefix: String = "") -> Int {
            file.names.filter { $0.hasPrefix(prefix) }.reduce(0) {
                $0 + (file.info($1)?.shape.reduce(1, *) ?? 0)
            }
        }
        let parts = Dictionary(uniqueKeysWithValues: report.parts.map { ($0.name, $0.parameters) })
        #expect(parts.values.reduce(0, +) == count(weights) + count(vae))
        #expect(parts["VAE"] == count(vae))
        #expect(parts["embedding"] == count(weights, "showo.model.embed_tokens"))
        #expect(parts["language model"] == count(weights, "showo.model.layers.") + count(weights, "showo.model.norm"))
        #expect(parts["diffusion head"] == count(weights, "diffusion_head"))
        #expect(parts["time embedding"] == count(weights, "time_embed"))
        #expect(
            parts["semantic encoder"]
                == count(weights, "und_trans") + count(weights, "image_embedder_und")
                + count(weights, "position_embedding"))
        #expect(parts["other"] == nil && parts["output projection"] == nil)
        for part in report.parts { #expect(part.bytes == part.parameters * (part.name == "VAE" ? 4 : 2)) }
        #expect(report.dtypes.values.reduce(0, +) == count(weights) + count(vae))

        #expect(report.name == "shapes" && report.missing.isEmpty)
        #expect(report.imageSize == [128, 128] && report.imageTokens == 64)
        #expect(report.promptTokens == 96 - 65 - 4)
        #expect(report.geometry["llm hidden"] == 256 && report.geometry["vocabulary"] == 1024)
        let (f32, bf16) = try (#require(report.memory["f32"]), #require(report.memory["bf16"]))
        #expect(f32 > bf16 && f32 < 2 * bf16 && bf16 > 2 * (count(weights) - 1024 * 256))
    }

    @Test func saysWhatIsMissing() throws {
        let report = try ModelReport(folder: Golden.model("nano"))
        #expect(report.missing.count == 2)
        #expect(report.missing[0].contains("vae.safetensors") && report.missing[1].contains("tokenizer.json"))
    }
}
