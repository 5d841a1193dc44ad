import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

@Suite struct ModelTasksTests {
    private func load(_ tasks: ModelTasks, _ compute: CPUCompute) throws -> ShowO2Model {
        let folder = Golden.model("nano")
        let weights = try openWeights(in: folder)
        return try ShowO2Model(
            geometry: ShowO2Geometry(folder: folder, weights: weights), weights: weights, compute: compute, tasks: tasks
        )
    }

    private func draw(_ model: ShowO2Model) throws -> Denoising {
        try Denoising(
            model: model, special: .firstIDs, prompts: [[5]], schedule: FlowSchedule(steps: 3, timeShift: 3),
            grid: model.geometry.grid, guided: true)
    }

    /// A model for questions answers like a whole one, is smaller, and says what it can't do.
    @Test func understandingLeavesTheHeadInItsFile() throws {
        let compute = try CPUCompute(precision: .f32, threads: 1)
        let (whole, half) = (try load(.all, compute), try load(.understanding, compute))
        #expect(half.byteCount < whole.byteCount)
        let logits = try [whole, half].map { try SequenceReader(model: $0, special: .firstIDs).logits(after: [1, 2, 3]).floats() }
        #expect(logits[0] == logits[1])
        _ = try draw(whole)
        let error = try #require(throws: ModelError.self) { _ = try draw(half) }
        #expect("\(error)".contains("understanding only") && !"\(error)".contains("\n"))
    }

    /// A model for drawing draws like a whole one.
    @Test func generationDrawsTheSame() throws {
        let compute = try CPUCompute(precision: .f32, threads: 1)
        let velocities = try [ModelTasks.all, .generation].map {
            let denoising = try draw(try load($0, compute))
            let noise = Tensor.random(denoising.latentShape, named: "noise", ones: false)
            return try denoising.branches(noise.toFloat32(), step: 1).floats()
        }
        #expect(velocities[0] == velocities[1])
    }
}
