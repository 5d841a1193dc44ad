import Compute
import FlashU
import Foundation
import ShowO2
import Tensors
import Testing

/// Solvers against a flow whose solution is known: data N(m, s^2) and noise N(0, 1), for which the velocity is linear in x.
@Suite struct SamplerTests {
    let mean: Float = 0.7
    let deviation: Float = 0.3

    /// E[image - noise | x_t = x] for x_t = (1 - t) noise + t image.
    func velocity(_ x: Float, _ t: Float) -> Float {
        let variance = (1 - t) * (1 - t) + t * t * deviation * deviation
        let gain = (t * deviation * deviation - (1 - t)) / variance
        return mean + gain * (x - t * mean)
    }

    /// The solution from x at t = 0: mean + deviation * x.
    func error(_ kind: Sampler.Kind, points: Int) throws -> Double {
        let starts: [Float] = [-1.5, -0.4, 0.3, 1.1, 2]
        let x = Tensor(starts, shape: [starts.count])
        let times = try FlowSchedule(steps: points, timeShift: 1).times
        var evaluations = 0
        Sampler.solve(kind, times: times, x) { x, step, out in
            evaluations += 1
            out.set(x.floats().map { velocity($0, times[step]) })
        }
        #expect(evaluations == Sampler.evaluations(kind, points: points))
        return zip(x.floats(), starts).map { abs(Double($0) - Double(mean + deviation * $1)) }.max() ?? 0
    }

    @Test(arguments: Sampler.Kind.allCases)
    func convergesAtItsOrder(kind: Sampler.Kind) throws {
        let (coarse, fine) = (try error(kind, points: 129), try error(kind, points: 513))
        #expect(fine < 0.003)
        // A quarter of the step: order 1 gains about 4, order 2 about 16.
        #expect(fine < coarse / (kind == .euler ? 3 : 7), "\(kind): \(coarse) -> \(fine)")
    }

    @Test(arguments: [Sampler.Kind.ab2, .dpmpp2m, .unipc])
    func beatsEulerAtEqualEvaluations(kind: Sampler.Kind) throws {
        #expect(try error(kind, points: 21) < error(.euler, points: 21) / 2)
    }

    @Test func eulerIsTheOfficialStep() throws {
        let times = try FlowSchedule(steps: 6, timeShift: 3).times
        let x = Tensor([0.25, -1], shape: [2])
        var expected = x.floats()
        for i in 0..<5 { expected = expected.map { $0 + (times[i + 1] - times[i]) * velocity($0, times[i]) } }
        Sampler.solve(.euler, times: times, x) { x, step, out in out.set(x.floats().map { velocity($0, times[step]) }) }
        #expect(x.floats() == expected)
    }
}
