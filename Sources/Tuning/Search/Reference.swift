import Compute
package import Foundation
package import Pipelines
import Tensors

/// What the exact engine drew of a prompt: the image as the model sees it, and, for some, the way there.
package struct Reference: Sendable {
    package let view: DrawingView
    package let seconds: Double
    package let flops: Int
    /// Empty where there was no room.
    package let states: [Trajectory.State]

    /// Writes a file that ``init(file:)`` reads.
    /// - Throws: `WeightError`.
    package func write(to file: URL) throws {
        var tensors: [(name: String, tensor: Tensor)] = [
            ("latents", Tensor(view.latents, shape: [view.latents.count])),
            ("features", view.features),
        ]
        for (place, state) in states.enumerated() {
            tensors.append(("state.\(place)", state.latents))
            tensors.append(("velocity.\(place)", state.velocity))
        }
        let times = Tensor(states.map(\.time), shape: [states.count])
        if !states.isEmpty { tensors.append(("times", times)) }
        tensors.append(
            (
                "numbers",
                Tensor(
                    [Float(seconds), Float(view.alignment ?? -1), Float(view.inconsistency ?? -1), Float(flops)],
                    shape: [4])
            ))
        try SafetensorsWriter.write(tensors, to: file)
    }

    /// Reads a file; nil when there is none, or none that is whole.
    package init?(file: URL) {
        guard FileManager.default.fileExists(atPath: file.path), let source = try? openWeights(file: file),
            let latents = try? source.tensor("latents"), let features = try? source.tensor("features"),
            let numbers = try? source.tensor("numbers").floats(), numbers.count == 4, features.shape.count == 2
        else { return nil }
        var states: [Trajectory.State] = []
        if let times = try? source.tensor("times").floats() {
            for (place, time) in times.enumerated() {
                guard let state = try? source.tensor("state.\(place)"),
                    let velocity = try? source.tensor("velocity.\(place)")
                else { return nil }
                states.append(.init(time: time, latents: state.toFloat32(), velocity: velocity.toFloat32()))
            }
        }
        self.init(
            view: DrawingView(
                latents: latents.floats(), features: features.toFloat32(),
                alignment: numbers[1] >= 0 ? Double(numbers[1]) : nil,
                inconsistency: numbers[2] >= 0 ? Double(numbers[2]) : nil),
            seconds: Double(numbers[0]), flops: Int(numbers[3]), states: states)
    }

    package init(view: DrawingView, seconds: Double, flops: Int, states: [Trajectory.State]) {
        (self.view, self.seconds, self.flops, self.states) = (view, seconds, flops, states)
    }
}
