import Compute
import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Held to the released FlashU code (golden files `t2i_flashu_*`): float32, from the stored latents of each step.
@Suite struct OfficialParityTests {
    @Test(arguments: ["nano", "nano-eq"])
    func sameChoicesAndVelocitiesAtEveryStep(name: String) throws {
        let golden = try Golden("t2i_flashu_\(name)")
        let manifest = Golden.folder.appendingPathComponent("t2i_flashu_\(name).json")
        let settings = try JSONDecoder().decode(OfficialFlashU.Settings.self, from: Data(contentsOf: manifest))
        let special = try #require(golden.manifest.special)
        let folder = Golden.model(name)
        let weights = try openWeights(in: folder)
        let geometry = try ShowO2Geometry(folder: folder, weights: weights)

        // The neurons are packed in our groups; generation's range holds exactly the released code's choice.
        let scores = try (0..<geometry.llm.layers).map { try golden["wanda.down_proj_score.\($0)"].floats() }
        let calibration = Calibration(scores: [
            .generation: .init(wanda: scores, reconstruction: scores, layers: [])
        ])
        let order = NeuronOrder(calibration, generationRatio: settings.r_p, understandingRatio: 0)
        let ranges = try #require(order.ranges(.generation, ratio: settings.r_p))
        for (layer, kept) in settings.kept_neurons.enumerated() {
            #expect(ranges[layer].count == 1)
            #expect(ranges[layer].flatMap { $0.map { order.order[layer][$0] } }.sorted() == kept, "layer \(layer)")
        }

        let model = try ShowO2Model(
            geometry: geometry, weights: weights, compute: CPUCompute(precision: .f32, threads: 2),
            neuronOrder: order.order)
        var official = try OfficialFlashU(
            model: model, settings: settings, special: special, pad: 500, neurons: ranges)
        let latents = try golden["latents"]
        let velocities = try golden["velocity_cfg"]
        let shape = Array(latents.shape.dropFirst())
        for (step, expected) in settings.steps.enumerated() {
            let (velocity, trace) = try official.velocity(latents.rows(step..<step + 1).reshaped(shape), step: step)
            #expect(
                trace
                    == .init(
                        guidance: expected.guidance, full: expected.full_network, skipped: expected.layers_skipped,
                        cached: expected.head_cache_hit, measured: expected.recalc), "evaluation \(step + 1)")
            let error = relativeError(velocity.floats(), velocities.rows(step..<step + 1).floats())
            #expect(error < 2e-4, "evaluation \(step + 1)")
        }
    }
}
