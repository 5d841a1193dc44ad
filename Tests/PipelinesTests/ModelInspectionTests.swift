import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// An inspection says what loading would say, of every tensor, without reading one.
@Suite struct ModelInspectionTests {
    static let nano = Golden.model("nano")
    static let vaeFile = Golden.model("vae_tiny").appendingPathComponent("vae_tiny.pth")

    /// Weights whose elements must not be touched.
    struct Untouchable: TensorSource {
        let original: any TensorSource
        var location: String { original.location }
        var names: [String] { original.names }
        func info(_ name: String) -> TensorInfo? { original.info(name) }
        func tensor(_ name: String) throws(WeightError) -> Tensor {
            throw .damaged(file: location, reason: "\(name) was read")
        }
    }

    /// What is done to each tensor in turn: gone; one more along an axis; halved and doubled; all in one axis; none; types that are no weight's.
    static func edits(of info: TensorInfo, _ random: inout SeededRandom) -> [EditedWeights.Edit] {
        let shape = info.shape
        var longer = shape
        longer[Int.random(in: shape.indices, using: &random)] += 1
        var empty = shape
        empty[Int.random(in: shape.indices, using: &random)] = 0
        let flat = [shape.reduce(1, *)]
        var edits: [EditedWeights.Edit] = [
            .removed, .rare, .zeros(longer, .float32), .zeros(empty, .float32), .zeros(shape + [2], .float32),
            .zeros(shape, random.choose([.int32, .int64, .uint8, .bool, .int16])),
        ]
        if flat != shape { edits.append(.zeros(flat, .float32)) }
        return edits
    }

    /// Whether an edit leaves what counts: norms written without axes of 1, kernels of more frames.
    static func isOfNoAccount(_ edit: EditedWeights.Edit, shape old: [Int]) -> Bool {
        guard case .zeros(let new, .float32) = edit else { return false }
        let isNorm = old.dropFirst().allSatisfy { $0 == 1 }
        if isNorm, new == [old[0]] { return true }
        return old.count == 5 && new.count == 5 && new[2] > 0 && !isNorm
            && new[0...1] == old[0...1] && new[3...] == old[3...]
    }

    @Test func soundModels() throws {
        for folder in [Self.nano, Golden.model("nano-eq"), Golden.shapes] {
            let weights = try openNetworkWeights(in: folder)
            let geometry = try ShowO2Geometry(folder: folder, weights: weights)
            #expect(ShowO2Model.problems(geometry: geometry, weights: Untouchable(original: weights)) == [])
        }
        for file in [Self.vaeFile, Golden.shapes.appendingPathComponent("vae.safetensors")] {
            let weights = Untouchable(original: try openWeights(file: file))
            #expect(WanVAE.problems(weights: weights, channels: 16) == [])
        }
        for known in ShowO2Geometry.known.values {
            #expect(ShowO2Model.problems(geometry: known, weights: Untouchable(original: RandomWeights(known))) == [])
        }
        #expect(
            WanVAE.problems(weights: Untouchable(original: RandomVAEWeights(width: 96, latent: 16)), channels: 16) == []
        )
    }

    @Test func everyTensorOfTheNetwork() throws {
        let weights = try openNetworkWeights(in: Self.nano)
        let compute = try CPUCompute(precision: .f32, threads: 1)
        var random = SeededRandom(seed: 12)
        var unharmed: Set<String> = []
        for name in weights.names {
            for edit in Self.edits(of: try #require(weights.info(name)), &random) {
                let edited = EditedWeights(weights, [name: edit])
                var verdict: [String] = []
                do {
                    let geometry = try ShowO2Geometry(folder: Self.nano, weights: edited)
                    verdict = ShowO2Model.problems(geometry: geometry, weights: edited).map { $0.tensor ?? "\($0)" }
                    #expect(verdict.isEmpty || verdict == [name], "\(name) \(edit): \(verdict)")
                } catch {
                    verdict = ["\(error)"]
                    #expect("\(error)".contains(name), "\(edit): \(error)")
                }
                var loading: String?
                do {
                    let geometry = try ShowO2Geometry(folder: Self.nano, weights: edited)
                    _ = try ShowO2Model(geometry: geometry, weights: edited, compute: compute)
                } catch {
                    loading = "\(error)"
                    #expect(loading?.contains(name) == true && loading?.contains("\n") == false, "\(edit): \(error)")
                }
                #expect(
                    verdict.isEmpty == (loading == nil), "\(name) \(edit): \(verdict), loading: \(loading ?? "fine")")
                if loading == nil { unharmed.insert("\(name) \(edit)") }
            }
        }
        // Without an output projection of its own the model uses the embedding, as the official code does.
        #expect(unharmed == ["showo.lm_head.weight removed"])
    }

    @Test(arguments: [false, true]) func everyTensorOfTheVAE(namesOfDiffusers: Bool) throws {
        var weights = try openWeights(file: Self.vaeFile)
        if namesOfDiffusers { weights = try DiffusersVAETests.renamed(weights) }
        let compute = try CPUCompute(precision: .f32, threads: 1)
        let statistics = [Float](repeating: 1, count: 16)
        var random = SeededRandom(seed: 13)
        for name in weights.names {
            let info = try #require(weights.info(name))
            for edit in Self.edits(of: info, &random) {
                let edited = EditedWeights(weights, [name: edit])
                let verdict = WanVAE.problems(weights: edited, channels: 16)
                var loading: String?
                do {
                    _ = try WanVAE(weights: edited, mean: statistics, std: statistics, compute: compute)
                } catch {
                    loading = "\(error)"
                    #expect(loading?.contains(name) == true && loading?.contains("\n") == false, "\(edit): \(error)")
                }
                #expect(
                    verdict.isEmpty == (loading == nil), "\(name) \(edit): \(verdict), loading: \(loading ?? "fine")")
                if name.contains("time_conv") || Self.isOfNoAccount(edit, shape: info.shape) {
                    #expect(verdict.isEmpty, "single images never reach \(name)")
                } else {
                    #expect(verdict.map(\.tensor) == [name], "\(name) \(edit): \(verdict)")
                }
            }
        }
    }

    /// Kernels whose temporal extent is 0, 1, 2 or 5: the last slice counts, and there must be one.
    @Test func temporalExtents() throws {
        let weights = try openWeights(file: Self.vaeFile)
        let name = "decoder.middle.0.residual.2.weight"
        let shape = try #require(weights.info(name)).shape
        for times in [0, 1, 2, 5] {
            let other = EditedWeights(
                weights, [name: .zeros([shape[0], shape[1], times, 3, 3], .float32)])
            let problems = WanVAE.problems(weights: other, channels: 16)
            #expect(problems.isEmpty == (times > 0), "\(problems)")
            let statistics = [Float](repeating: 1, count: 16)
            let decode = {
                try WanVAE(weights: other, mean: statistics, std: statistics, compute: CPUCompute(threads: 1))
                    .decode(Tensor(zeros: [16, 2, 2]))
            }
            if times > 0 {
                #expect(try decode().shape == [3, 16, 16])
            } else {
                #expect(throws: WeightError.self) { try decode() }
            }
        }
    }

    /// Several faults at once are all listed, in every file, by the folder's report.
    @Test func listsAll() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["config.json", "geometry.json"] {
            try FileManager.default.copyItem(
                at: Self.nano.appendingPathComponent(name), to: folder.appendingPathComponent(name))
        }
        func write(_ source: any TensorSource, to name: String, _ edits: [String: EditedWeights.Edit]) throws {
            let edited = EditedWeights(source, edits)
            try SafetensorsWriter.write(
                edited.names.map { ($0, try edited.tensor($0)) }, to: folder.appendingPathComponent(name))
        }
        let network = [
            "showo.model.norm.weight": EditedWeights.Edit.removed,
            "und_trans.layers.1.mlp.fc1.weight": .zeros([180, 47], .float32),
            "diffusion_head_b.linear.bias": .zeros([64], .int64), "showo.model.layers.3.mlp.up_proj.weight": .removed,
        ]
        let vae: [String: EditedWeights.Edit] = [
            "conv1.bias": .removed, "decoder.upsamples.5.residual.0.gamma": .removed,
        ]
        try write(try openWeights(in: Self.nano), to: "model.safetensors", network)
        try write(try openWeights(file: Self.vaeFile), to: "vae.safetensors", vae)
        let scores = Calibration.Scores(
            wanda: [[Float]](repeating: [Float](repeating: 1, count: 160), count: 4),
            reconstruction: [[Float]](repeating: [Float](repeating: 1, count: 80), count: 4),
            layers: [1, 2, 3, 4])
        try Calibration(scores: [.generation: scores]).write(to: folder)
        let report = try ModelReport(folder: folder)
        #expect(
            Set(report.problems.compactMap(\.tensor))
                == Set(network.keys).union(vae.keys).union(["generation.reconstruction"]))
        #expect(report.problems.count == 7)
        let text = report.problems.map(\.description).joined(separator: "\n")
        for words in ["[180, 47] where [180, 48]", "element type int64", "is missing", "[4, 80] where [4, 160]"] {
            #expect(text.contains(words), "\(text)")
        }
        #expect(throws: ModelProblems.self) { try ModelConversion(folder, to: .bf16) }
    }

    /// Calibrations: shapes, types, and values that are no numbers.
    @Test func calibrations() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(Calibration.fileName)
        let sound: [(name: String, tensor: Tensor)] = Calibration.Task.allCases.flatMap { task in
            [("wanda", [2, 32]), ("reconstruction", [2, 32]), ("layers", [2]), ("norm_attention", [2])].map {
                ("\(task.rawValue).\($0.0)", Tensor(zeros: $0.1))
            }
        }
        try SafetensorsWriter.write(sound, to: file)
        #expect(try Calibration(file: file, layers: 2, neurons: 32).scores.count == 2)
        #expect(Calibration.problems(file: file, layers: 2, neurons: 32) == [])
        #expect(Calibration.problems(file: file, layers: 3, neurons: 32).count == 8)
        var random = SeededRandom(seed: 14)
        for (index, entry) in sound.enumerated() {
            let info = TensorInfo(shape: entry.tensor.shape, dtype: .float32)
            for edit in Self.edits(of: info, &random) {
                var tensors = sound
                switch edit {
                case .removed: tensors.remove(at: index)
                case .zeros(let shape, let dtype): tensors[index].tensor = Tensor(zeros: shape, dtype: dtype)
                case .rare: continue
                }
                try SafetensorsWriter.write(tensors, to: file)
                let verdict = Calibration.problems(file: file, layers: 2, neurons: 32)
                let isOptional = edit == .removed && entry.name.hasSuffix("norm_attention")
                #expect(verdict.map(\.tensor) == (isOptional ? [] : [entry.name]), "\(entry.name) \(edit)")
                let loads = (try? Calibration(file: file, layers: 2, neurons: 32)) != nil
                #expect(loads == verdict.isEmpty)
            }
            var tensors = sound
            var values = entry.tensor.floats()
            values[1] = random.choose([.nan, .infinity])
            tensors[index].tensor = Tensor(values, shape: entry.tensor.shape)
            try SafetensorsWriter.write(tensors, to: file)
            let error = #expect(throws: WeightError.self) { try Calibration(file: file, layers: 2, neurons: 32) }
            #expect(error?.description.contains(entry.name) == true)
        }
    }
}
