import ArgumentParser
import Compute
import FlashUTesting
import Foundation
import ShowO2
import Tensors

/// What each kind of layer costs in 8 or 4 bits: the velocity's relative error against float32, on the latents of the float32 trajectory, the
/// others in bfloat16.
struct Sensitivity: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Errors of the velocity by kind of layer in 8 or 4 bits, on the shapes model.",
        discussion: "EXAMPLE\n  swift run -c release int8 sensitivity --bits 4")

    @Option(help: "8 or 4.")
    var bits = 8

    @Option(name: [.short, .long], help: "Threads. Default: all cores.")
    var threads: Int?

    func run() throws {
        let golden = try Golden(ShapesModel.drawing)
        let weights = try openWeights(in: ShapesModel.folder)
        let geometry = try ShowO2Geometry(folder: ShapesModel.folder, weights: weights)
        let compute = try CPUCompute(precision: .f32, threads: threads)
        let guidance = golden.manifest.guidance_scale ?? 5
        func denoising(_ precision: Precision, _ layers: LayerBits = .standard) throws -> Denoising {
            try Denoising(
                model: ShowO2Model(
                    geometry: geometry, weights: weights, compute: compute.with(precision: precision), layers: layers),
                special: geometry.special ?? .firstIDs,
                prompts: golden.manifest.prompts_token_ids ?? [],
                schedule: FlowSchedule(steps: 30, timeShift: geometry.sampling.timeShift), grid: geometry.grid,
                guided: true)
        }
        // The float32 trajectory: latents and velocities at every step.
        let exact = try denoising(.f32)
        let latents = try golden["noise"].toFloat32()
        let velocity = Tensor(zeros: exact.latentShape)
        var states: [(latents: Tensor, velocity: [Float])] = []
        for step in 0..<exact.schedule.evaluations {
            let start = latents.toFloat32()
            try exact.velocity(latents, step: step, guidance: guidance, into: velocity)
            states.append((start, velocity.floats()))
            latents.add(velocity, times: exact.schedule.interval(step))
        }
        func errors(_ denoising: Denoising) throws -> [Double] {
            try states.enumerated().map { step, state in
                try denoising.velocity(state.latents, step: step, guidance: guidance, into: velocity)
                return relativeError(velocity.floats(), state.velocity)
            }
        }
        func show(_ name: String, _ denoising: Denoising) throws {
            let errors = try errors(denoising)
            print(
                name.padding(toLength: 34, withPad: " ", startingAt: 0)
                    + String(
                        format: "%.5f   %.5f", errors.reduce(0, +) / Double(errors.count), errors.max() ?? 0))
        }
        guard let few = WeightBits(rawValue: bits), few != .sixteen else { throw ValidationError("--bits is 8 or 4") }
        let precision: Precision = few == .four ? .int4 : .int8
        print("in \(bits) bits                         mean      worst of \(states.count) evaluations")
        try show("nothing (bf16)", denoising(.bf16))
        for part in LayerBits.Part.allCases {
            for role in LayerBits.Role.allCases {
                let kind = LayerBits.Kind(part, role)
                guard weights.names.contains(where: { LayerBits.Kind(weight: $0) == kind }) else { continue }
                try show("\(kind)", denoising(precision, LayerBits([kind: few])))
            }
        }
        try show("standard", denoising(precision))
        for kind in LayerBits.standard.kinds.keys.sorted(by: { $0.description < $1.description }) {
            try show(
                "standard - \(kind)",
                denoising(precision, LayerBits(LayerBits.standard.kinds.filter { $0.key != kind })))
        }
    }
}
