import Compute
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// Every grid on every checkpoint: held to PyTorch's interpolation of the position table and to the torch model of the embedded weights
/// (golden file `grids`, by `Tools/grid_fixtures.py`).
@Suite struct GridTests {
    static let grids = [(32, 32), (64, 64), (20, 12), (3, 40), (8, 8)].map { TokenGrid(height: $0, width: $1) }

    @Test(arguments: [27, 5], grids)
    func tableIsInterpolatedAsPyTorchDoes(side: Int, grid: TokenGrid) throws {
        let golden = try SafetensorsFile(url: Golden.folder.appendingPathComponent("grids.safetensors"))
        let resized = BicubicTable.resize(try golden.tensor("table\(side)"), side: side, to: grid)
        let every = (0..<grid.tokens).filter { $0 % 5 == 0 }
        let expected = try golden.tensor("table\(side).\(grid.height)x\(grid.width)")
        #expect(relativeError(resized.gatheringRows(every).floats(), expected.floats()) < 2e-6)
    }

    @Test(arguments: grids)
    func velocitiesAreTheTorchModels(grid: TokenGrid) throws {
        let golden = try SafetensorsFile(url: Golden.folder.appendingPathComponent("grids.safetensors"))
        let model = try ShowO2Model.load(Golden.shapes, CPUCompute(precision: .f32, threads: 2))
        let special = try #require(model.geometry.special)
        let sequence = try TokenSequence(model: model, special: special, drawing: true)
        try SequenceReader(sequence).read([.text([1014, 64, 335, 1016])])
        // A schedule whose second time is 0.4.
        let schedule = FlowSchedule(times: [0, 0.4, 1])
        let denoising = try Denoising(after: [sequence], schedule: schedule, grid: grid)
        try denoising.preparation.finish()
        let shape = [16, 2 * grid.height, 2 * grid.width]
        let noise = Tensor(TextToImage.noise(seed: 11, shape: shape), shape: [1] + shape)
        let velocity = try denoising.branches(noise, step: 1).reshaped([16 * 2 * grid.height, 2 * grid.width])
        let rows = (0..<16 * 2 * grid.height).filter { $0 % (2 * grid.height) % 8 == 0 }
        let expected = try golden.tensor("velocity.\(grid.height)x\(grid.width)")
        let error = relativeError(velocity.gatheringRows(rows).floats(), expected.floats())
        #expect(error < 1e-4, "\(error)")
    }

    /// The oracle runs the same network at a grid that is not square.
    @Test func referenceBackendAgrees() throws {
        let engines: [any Compute] = [try CPUCompute(precision: .f32, threads: 2), ReferenceCompute()]
        let velocities = try engines.map { compute in
            let model = try ShowO2Model.load(Golden.model("nano"), compute)
            let denoising = try Denoising(
                model: model, special: #require(Golden("t2i_dense_nano").manifest.special), prompts: [[3, 4]],
                schedule: FlowSchedule(steps: 3, timeShift: 3), grid: TokenGrid(height: 3, width: 11), guided: true)
            var random = SeededRandom(seed: 1)
            return try denoising.branches(random.tensor(denoising.latentShape), step: 1).floats()
        }
        #expect(relativeError(velocities[0], velocities[1]) < 2e-5)
    }

    /// The HQ checkpoints' config.json says 27 x 27: name, model card or geometry.json say what they were made for.
    @Test func defaultSizeOfTheHQCheckpoints() throws {
        let known = try #require(ShowO2Geometry.known["show-o2-1.5b"])
        let config = #"{"image_latent_height": 27, "image_latent_width": 27, "patch_size": 2, "image_latent_dim": 16}"#
        func geometry(_ name: String, card: String? = nil, extra: String? = nil) throws -> ShowO2Geometry {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
                .appendingPathComponent(name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
            try Data(config.utf8).write(to: folder.appendingPathComponent("config.json"))
            try card.map { try Data($0.utf8).write(to: folder.appendingPathComponent("README.md")) }
            try extra.map { try Data($0.utf8).write(to: folder.appendingPathComponent("geometry.json")) }
            return try ShowO2Geometry(folder: folder, weights: RandomWeights(known))
        }
        let (small, hq) = (TokenGrid(height: 27, width: 27), TokenGrid(height: 32, width: 32))
        for (name, card, extra, grid) in [
            ("show-o2-1.5B", nil, nil, small), ("show-o2-1.5B-HQ", nil, nil, hq), ("show-o2_1.5b_hq", nil, nil, hq),
            ("headquarters", nil, nil, small), ("model", "# show-o2-1.5B-HQ\n\ntext", nil, hq),
            ("model", "---\nlicense: apache-2.0\n---\n# Show-o2\n\nThis is show-o2-1.5B-HQ.", nil, hq),
            ("model", "# Show-o2 1.5B\n\nSee show-o2-1.5B, and show-o2-1.5B-HQ.", nil, small),
            ("show-o2-1.5B", nil, #"{"image_size": 512}"#, hq),
            ("show-o2-1.5B-HQ", nil, #"{"image_size": 432}"#, small),
        ] as [(String, String?, String?, TokenGrid)] {
            let found = try geometry(name, card: card, extra: extra)
            #expect(found.grid == grid, "\(name) \(card ?? "") \(extra ?? "")")
            #expect(found.readingGrid == small && found.maxPromptTokens > 200)
            #expect(try found.grid(width: 1024, height: 1024).tokens == 4096)
            #expect(try found.grid(width: 768, height: 320) == TokenGrid(height: 20, width: 48))
            #expect(found.isTrained(grid) && !found.isTrained(TokenGrid(height: 20, width: 48)))
        }
        #expect(try geometry("show-o2-1.5B-HQ").isTrained(TokenGrid(height: 64, width: 64)))
        let error = try #require(throws: ModelError.self) {
            try geometry("show-o2-1.5B").grid(width: 4096, height: 4096)
        }
        #expect("\(error)".contains("32768"))
    }
}
