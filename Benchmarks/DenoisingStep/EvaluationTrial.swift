import Benchmarking
import Compute
import ShowO2
import Tensors

/// Evaluations of the velocity for an image of one size, both branches.
final class EvaluationTrial {
    let grid: TokenGrid
    private let denoising: Denoising
    private let latents: Tensor
    private let out: Tensor
    private let meter: OperationMeter
    /// Seconds of each.
    private(set) var times: [Double] = []
    /// Of one evaluation.
    private(set) var operations = 0.0

    /// Evaluates once, to warm up.
    init(_ model: ShowO2Model, special: SpecialTokens, grid: TokenGrid, _ promptTokens: Int) throws {
        self.grid = grid
        meter = model.compute.meter
        denoising = try Denoising(
            model: model, special: special, prompts: [Array(repeating: 10, count: promptTokens)],
            schedule: FlowSchedule(steps: 50, timeShift: 3), grid: grid, guided: true)
        (latents, out) = (Tensor(zeros: denoising.latentShape), Tensor(zeros: denoising.latentShape))
        try denoising.velocity(latents, step: 0, guidance: 5, into: out)
    }

    /// Evaluates at a step's time, and remembers how long it took.
    func run(step: Int) throws {
        let before = meter.reading
        times.append(try seconds { try denoising.velocity(latents, step: step % 49, guidance: 5, into: out) })
        operations = Double((meter.reading - before).total)
    }

    /// The middle of ``times``.
    var median: Double { times.median }
    /// Operations a second.
    var rate: Double { operations / median }
}
