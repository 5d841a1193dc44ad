import Compute
import Foundation
public import ShowO2
public import Tensors

/// Measures the importance of FFN neurons and LLM layers on the real paths: whole denoising trajectories with real latents, and images with
/// questions. (The released code runs one text prompt with pad embeddings in the image's place.)
///
/// One pass gives both scores: they are products of the norm of a neuron's activations and a norm of its column of `down_proj`.
public struct Calibrator {
    private let model: ShowO2Model
    private let special: SpecialTokens
    private var sums: [Calibration.Task: Sums] = [:]
    private let absolute: [[Float]]
    private let euclidean: [[Float]]

    /// Sums over the rows seen.
    private struct Sums {
        /// Squares of each neuron's activations, `[layers]` of `[neurons]`.
        var squares: [Tensor]
        /// Layer importance, summed over passes.
        var layers: [Double]
        var passes = 0
        /// Correlation of value norm and received attention, summed over images; images in which it is not defined count as none.
        var normAttention: [Double]
        /// By the evaluation's time, the logarithm of the residual's magnitude (``MagCache/Magnitude``), summed over trajectories.
        var magnitude: [Float: (sum: Double, count: Int)] = [:]

        /// The geometric mean over trajectories.
        var meanMagnitude: MagCache.Magnitude? {
            let means = magnitude.sorted { $0.key < $1.key }.map {
                ($0.key, exp($0.value.sum / Double($0.value.count)))
            }
            return MagCache.Magnitude(times: means.map(\.0), values: means.map { Float($0.1) })
        }
    }

    /// - Parameters:
    ///   - model: the network with its neurons packed as stored (no neuron order).
    ///   - weights: the checkpoint it was made of, for the norms of `down_proj`'s columns.
    ///   - special: ids of the structural tokens.
    /// - Throws: `WeightError` when a `down_proj` is missing.
    public init(model: ShowO2Model, weights: any TensorSource, special: SpecialTokens) throws {
        self.model = model
        self.special = special
        let (layers, width, hidden) = (
            model.geometry.llm.layers, model.geometry.llm.intermediate, model.geometry.llm.hidden
        )
        var absolute: [[Float]] = []
        var euclidean: [[Float]] = []
        for layer in 0..<layers {
            let down = try weights.tensor("showo.model.layers.\(layer).mlp.down_proj.weight", shape: [hidden, width])
                .floats()
            var (sum, squares) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
            for i in down.indices {
                sum[i % width] += abs(down[i])
                squares[i % width] += down[i] * down[i]
            }
            absolute.append(sum)
            euclidean.append(squares.map { $0.squareRoot() })
        }
        self.absolute = absolute
        self.euclidean = euclidean
    }

    /// Draws one image densely and measures on every evaluation, over the rows of both branches' spans.
    ///
    /// - Parameters:
    ///   - prompt: the prompt's token ids.
    ///   - noise: `[1, channels, height, width]` float32.
    ///   - schedule: the grid of times.
    ///   - guidance: the guidance scale.
    public mutating func draw(prompt: [Int], noise: Tensor, schedule: FlowSchedule, guidance: Float) throws {
        let denoising = try Denoising(
            model: model, special: special, prompts: [prompt], schedule: schedule, grid: model.geometry.grid,
            guided: true)
        let latents = noise.toFloat32()
        var plan = StepPlan()
        plan.measuresLayers = true
        plan.probes = [.feedForward]
        var sums = self.sums[.generation] ?? empty
        let squares = sums.squares
        try Sampler.solve(.euler, times: schedule.times, latents) { x, step, velocity in
            try _Concurrency.Task.checkCancellation()
            try denoising.velocity(
                x, step: step, guidance: guidance, plan, into: velocity, probe: { Self.add($0, to: squares) })
            sums.layers = zip(sums.layers, denoising.layerImportance).map(+)
            sums.passes += 1
            let residual = velocity.toFloat32()
            residual.add(x)
            let meanSquare = residual.sumOfSquares() / Double(residual.count)
            let known = sums.magnitude[schedule.time(step)] ?? (0, 0)
            sums.magnitude[schedule.time(step)] = (known.sum + log(meanSquare) / 2, known.count + 1)
        }
        self.sums[.generation] = sums
    }

    /// Reads an image and a question and measures on all their rows; layers on the question's last row.
    ///
    /// - Parameters:
    ///   - prefix: ids before the image, without `[boi]`.
    ///   - latents: `[1, channels, height, width]` float32.
    ///   - question: the question's token ids.
    public mutating func read(prefix: [Int], latents: Tensor, question: [Int]) throws {
        var sums = self.sums[.understanding] ?? empty
        let squares = sums.squares
        let (received, layerImportance) = try ReceivedAttention.measured(
            on: model, special, prefix: prefix, latents: latents, question: question, probes: [.feedForward]
        ) { Self.add($0, to: squares) }
        sums.layers = zip(sums.layers, layerImportance).map(+)
        sums.normAttention = zip(sums.normAttention, received.layers).map {
            $0 + (Correlation.spearman($1.norms, $1.attention) ?? 0)
        }
        sums.passes += 1
        self.sums[.understanding] = sums
    }

    /// The scores of the tasks that were measured.
    public var calibration: Calibration {
        Calibration(
            scores: Dictionary(
                uniqueKeysWithValues: sums.map { task, sums in
                    let norms = sums.squares.map { $0.floats().map { $0.squareRoot() } }
                    let share = 1 / Double(max(1, sums.passes))
                    let scores = Calibration.Scores(
                        wanda: zip(norms, absolute).map { zip($0, $1).map(*) },
                        reconstruction: zip(norms, euclidean).map { zip($0, $1).map(*) },
                        layers: sums.layers.map { Float($0 * share) },
                        normAttention: task == .understanding ? sums.normAttention.map { Float($0 * share) } : nil,
                        magnitude: sums.meanMagnitude)
                    return (task, scores)
                }))
    }

    private var empty: Sums {
        let (layers, width) = (model.geometry.llm.layers, model.geometry.llm.intermediate)
        return Sums(
            squares: (0..<layers).map { _ in Tensor(zeros: [width]) }, layers: [Double](repeating: 0, count: layers),
            normAttention: [Double](repeating: 0, count: layers))
    }

    /// Adds the squares of a layer's FFN activations.
    private static func add(_ reading: ProbeReading, to squares: [Tensor]) {
        if case .feedForward(let layer, let tensor) = reading { squares[layer].addSquares(ofRows: tensor) }
    }
}
