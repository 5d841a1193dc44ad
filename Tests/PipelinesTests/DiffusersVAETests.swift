import Compute
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// The VAE under the names of diffusers' `AutoencoderKLWan`, by a table that the class itself gave (`Tools/vae_names.py`).
@Suite struct DiffusersVAETests {
    /// The official VAE's tensors under diffusers' names.
    static func renamed(_ official: any TensorSource, prefix: String = "") throws -> any TensorSource {
        let table = try JSONDecoder().decode(
            [String: String].self, from: Data(contentsOf: Golden.folder.appendingPathComponent("vae_names.json")))
        let names = Dictionary(uniqueKeysWithValues: table.map { ($1, prefix + $0) })
        return try RenamedWeights(official) { names[$0] ?? "unknown.\($0)" }
    }

    static func official() throws -> any TensorSource { try openWeights(file: ModelInspectionTests.vaeFile) }

    @Test func encodesAndDecodesTheSameBytes() throws {
        let golden = try Golden("vae_tiny_io")
        let compute = try CPUCompute(precision: .f32, threads: 2)
        let (mean, std) = (try golden["mean"].floats(), try golden["std"].floats())
        let sources = [try Self.official(), try Self.renamed(Self.official())]
        #expect(
            sources[0].names.count == sources[1].names.count && !sources[1].names.contains { $0.hasPrefix("unknown") })
        let vaes = try sources.map { try WanVAE(weights: $0, mean: mean, std: std, compute: compute) }
        let image = try golden["image"].reshaped([3, 48, 48])
        let posteriors = try vaes.map { try $0.encode(image) }
        #expect(posteriors[0].mean.floats() == posteriors[1].mean.floats())
        #expect(posteriors[0].logVariance.floats() == posteriors[1].logVariance.floats())
        #expect(relativeError(posteriors[1].mean.floats(), try golden["image_mu"].floats()) < 1e-5)
        let latents = try golden["latent_image"].reshaped([16, 6, 6])
        #expect(try vaes[0].decode(latents).floats() == vaes[1].decode(latents).floats())
    }

    /// Names of what is missing are those of the file.
    @Test func missingWholeBlocks() throws {
        let weights = try Self.renamed(Self.official())
        for block in ["decoder.up_blocks.1.resnets.2", "encoder.down_blocks.4", "decoder.mid_block.attentions.0"] {
            let gone = weights.names.filter { $0.hasPrefix(block + ".") }
            let edits = Dictionary(uniqueKeysWithValues: gone.map { ($0, EditedWeights.Edit.removed) })
            #expect(!WanVAE.problems(weights: EditedWeights(weights, edits), channels: 16).isEmpty, "\(block)")
        }
    }

    /// In the folder and in a folder of its own, beside networks in files of the same name; convert takes it along.
    @Test(arguments: [
        ("diffusion_pytorch_model.safetensors", ""), ("vae/diffusion_pytorch_model.safetensors", ""),
        ("vae/diffusion_pytorch_model.safetensors", "_orig_mod.module."), ("vae/vae.safetensors", ""),
    ])
    func isFound(name: String, prefix: String) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        defer { try? files.removeItem(at: folder) }
        let model = folder.appendingPathComponent("model")
        try files.createDirectory(at: model.appendingPathComponent("vae"), withIntermediateDirectories: true)
        for file in ["config.json", "geometry.json", "pytorch_model.bin"] {
            try files.copyItem(
                at: ModelInspectionTests.nano.appendingPathComponent(file), to: model.appendingPathComponent(file))
        }
        #expect(UnifiedModel.vaeFile(in: model) == nil)
        let source = try Self.renamed(Self.official(), prefix: prefix)
        try SafetensorsWriter.write(
            source.names.map { ($0, try source.tensor($0)) }, to: model.appendingPathComponent(name))
        #expect(UnifiedModel.vaeFile(in: model)?.path == model.appendingPathComponent(name).path)
        #expect(try openNetworkWeights(in: model).contains("showo.model.norm.weight"))
        let report = try ModelReport(folder: model)
        #expect(report.problems == [] && report.parts.contains { $0.name == "VAE" && $0.parameters > 100_000 })
        let copy = folder.appendingPathComponent("copy")
        _ = try ModelConversion(model, to: .bf16).write(to: copy, threads: 1)
        #expect(UnifiedModel.vaeFile(in: copy)?.path == copy.appendingPathComponent(name).path)
        #expect(try ModelReport(folder: copy).problems == [])
        // A network of that name is no VAE.
        try files.removeItem(at: model.appendingPathComponent("vae"))
        let beside = model.appendingPathComponent("diffusion_pytorch_model.safetensors")
        try? files.removeItem(at: beside)
        try files.copyItem(at: ModelInspectionTests.nano.appendingPathComponent("model.safetensors"), to: beside)
        #expect(UnifiedModel.vaeFile(in: model) == nil)
        #expect(try openNetworkWeights(in: model).location == beside.path)
    }
}
