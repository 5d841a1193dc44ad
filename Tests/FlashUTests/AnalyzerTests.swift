import Compute
import FlashU
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Layers and visual tokens of the nano model.
@Suite struct AnalyzerTests {
    @Test func measuresWhatTheCalibratorMeasures() throws {
        let (drawing, asking) = (try Golden("t2i_dense_nano"), try Golden("mmu_image_nano"))
        let special = try #require(drawing.manifest.special)
        let folder = Golden.model("nano")
        let model = try ShowO2Model.load(folder, CPUCompute(precision: .f32, threads: 2))
        let schedule = try FlowSchedule(steps: 5, timeShift: 3)
        let prompts = try #require(drawing.manifest.prompts_token_ids)
        let shape = [1, 16, model.geometry.gridHeight * 2, model.geometry.gridWidth * 2]
        var random = SeededRandom(seed: 7)
        let noises = (0..<2).map { _ in random.tensor(shape) }
        let prefix = try asking["text_tokens_a"].integers()
        let question = try asking["text_tokens_b"].integers().dropFirst(2).map { $0 }
        let latents = [try asking["image_latents"], random.tensor(shape)]

        var analyzer = try Analyzer(model: model, special: special, layer: 2)
        var calibrator = try Calibrator(model: model, weights: openWeights(in: folder), special: special)
        for i in 0..<2 {
            try analyzer.draw(prompt: prompts[0], noise: noises[i], schedule: schedule, guidance: 4)
            try calibrator.draw(prompt: prompts[0], noise: noises[i], schedule: schedule, guidance: 4)
            try analyzer.read(prefix: prefix, latents: latents[i], question: question)
            try calibrator.read(prefix: prefix, latents: latents[i], question: question)
        }
        let (layers, scores) = (analyzer.layers, calibrator.calibration.scores)
        #expect(layers.times == schedule.times.dropLast().map(Double.init))
        #expect(layers.generation.count == 4 && layers.generation.allSatisfy { $0.count == 4 })
        #expect(layers.generation[0] != layers.generation[3], "the cosines change with the steps")
        let (generation, understanding) = (
            try #require(scores[.generation]).layers, try #require(scores[.understanding]).layers
        )
        for layer in 0..<4 {
            #expect(abs(1 - layers.generationMean[layer] - Double(generation[layer])) < 1e-6)
            #expect(abs(1 - layers.understanding[layer] - Double(understanding[layer])) < 1e-6)
        }

        let tokens = analyzer.tokens
        #expect(tokens.layers.count == 4 && tokens.layer == 2)
        #expect(tokens.points.count == 2 * model.geometry.imageTokens)
        for image in 0..<2 {
            // Attention is relative to the image's mean.
            let own = tokens.points[image * 36..<(image + 1) * 36]
            #expect(abs(own.reduce(0) { $0 + $1.attention } / 36 - 1) < 1e-9)
        }
        let ranked = [0, 1].compactMap { image in
            let own = tokens.points[image * 36..<(image + 1) * 36]
            return Correlation.spearman(own.map(\.norm), own.map(\.attention))
        }
        #expect(abs(try #require(tokens.layers[2].spearman) - (ranked[0] + ranked[1]) / 2) < 1e-9)
        #expect(tokens.layers.allSatisfy { $0.lowNormHalf > 0 && $0.lowNormHalf < 1 && $0.spearmanDeviation != nil })
    }

    @Test func aLayerThatIsNotThereIsRefused() throws {
        let golden = try Golden("t2i_dense_nano")
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 1))
        #expect(throws: ModelError.self) {
            try Analyzer(model: model, special: #require(golden.manifest.special), layer: 4)
        }
    }
}
