import Compute
package import FlashU
import Pipelines
import ShowO2
import Tensors

/// Scores schedules on a reference trajectory, without the network: the velocity that the exact engine had at a time is taken for the one that the
/// schedule would have had there, wherever it had come to. What is left is the error that solver, points and reuse make by themselves, which ranks
/// schedules well and costs next to nothing; only what promises is run whole.
package struct OfflineSchedule {
    private let states: [Trajectory.State]
    private let end: [Float]
    private let timeShift: Float
    private let layers: Int
    private let magnitude: MagCache.Magnitude?

    /// - Parameters:
    ///   - reference: with states.
    ///   - layers: of the LLM, for the plans.
    ///   - magnitude: the calibration's, for MagCache.
    package init?(_ reference: Reference, timeShift: Float, layers: Int, magnitude: MagCache.Magnitude?) {
        guard reference.states.count > 1 else { return nil }
        states = reference.states
        end = reference.view.latents
        self.timeShift = timeShift
        self.layers = layers
        self.magnitude = magnitude
    }

    /// What a schedule does.
    package struct Score {
        /// Relative L2 error of the final latents.
        package let error: Double
        /// Evaluations that run the network.
        package let computed: Int
    }

    /// The score of a profile on a grid of `points`.
    package func score(_ profile: AccelerationProfile, points: Int) throws -> Score {
        let schedule = try FlowSchedule(steps: points, timeShift: timeShift)
        let evaluations = Sampler.evaluations(profile.schedule.sampler, points: points)
        var planner = GenerationPlanner(
            profile, evaluations: evaluations, layers: layers, neurons: nil,
            times: Sampler.evaluationTimes(profile.schedule.sampler, of: schedule.times), magnitude: magnitude)
        var sampler = Sampler(profile.schedule.sampler, times: schedule.times, from: states[0].latents)
        var (computed, evaluation) = (0, 0)
        var known: [(time: Float, velocity: Tensor)] = []
        var last: Tensor?  // the state of the last computed evaluation
        while let step = sampler.next() {
            let (time, latents) = (schedule.times[step], sampler.latents)
            let plan = planner.plan(evaluation, importance: [], latents: latents)
            let velocity: Tensor
            if case .reuse(let order, let drift) = plan.velocity, !known.isEmpty, let last {
                velocity = Self.forecast(known.suffix(order + 1), at: time)
                velocity.add(latents, minus: last, times: Float(drift))
            } else if let order = Self.order(plan.head), !known.isEmpty {
                velocity = Self.forecast(known.suffix(order + 1), at: time)
            } else {
                velocity = self.velocity(at: time)
                computed += 1
                last = latents
                known = Array((known.filter { $0.time != time } + [(time, velocity)]).suffix(3))
            }
            planner.observe(.init(latents: latents, velocity: velocity, checks: .init()))
            sampler.accept(velocity)
            evaluation += 1
        }
        return Score(error: LatentError.relative(sampler.latents.floats(), end), computed: computed)
    }

    /// The order of a forecast of the head; a checked one is taken to pass.
    private static func order(_ head: StepPlan.Head) -> Int? {
        switch head {
        case .compute: nil
        case .extrapolate(let order), .verified(let order, _): order
        }
    }

    /// The reference's velocity, between its evaluations on a line.
    private func velocity(at time: Float) -> Tensor {
        guard let next = states.firstIndex(where: { $0.time >= time }) else {
            return states[states.count - 1].velocity.toFloat32()
        }
        guard next > 0, states[next].time > time else { return states[next].velocity.toFloat32() }
        let (a, b) = (states[next - 1], states[next])
        let share = (time - a.time) / (b.time - a.time)
        let velocity = a.velocity.toFloat32()
        velocity.add(b.velocity, minus: a.velocity, times: share)
        return velocity
    }

    /// The polynomial through the last values.
    private static func forecast(_ known: ArraySlice<(time: Float, velocity: Tensor)>, at time: Float) -> Tensor {
        let out = Tensor(zeros: known[known.startIndex].velocity.shape)
        for point in known {
            var weight: Float = 1
            for other in known where other.time != point.time {
                weight *= (time - other.time) / (point.time - other.time)
            }
            out.add(point.velocity, times: weight)
        }
        return out
    }
}
