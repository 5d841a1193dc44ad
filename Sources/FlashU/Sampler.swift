import Compute
import Foundation
public import Tensors

/// Solvers of the flow's differential equation dx/dt = v(x, t), from t = 0 (noise) to t = 1 (image), x_t = (1 - t) noise + t image.
///
/// Multistep solvers reuse past velocities at no cost: they are what any cache must beat at equal evaluations.
public struct Sampler {
    /// The solvers.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// `x += dt v`, the official code's.
        case euler
        /// Euler, corrected by the velocity at its end: two evaluations a step.
        case heun
        /// Adams-Bashforth of order 2 on uneven steps.
        case ab2
        /// DPM-Solver++ 2M (Lu et al., 2022), in the prediction of the image.
        case dpmpp2m
        /// UniPC of order 2 (Zhao et al., 2023), predictor and corrector, in the prediction of the image.
        case unipc
    }

    private let kind: Kind
    private let times: [Float]
    /// The state of the trajectory, float32. Every step makes it anew.
    public private(set) var latents: Tensor
    /// The interval that is being solved.
    private var step = 0
    /// Heun's velocity at the interval's start, once it is known.
    private var slope: Tensor?
    /// Values of the last evaluations (velocities for ab2, images for dpmpp2m and unipc), newest last.
    private var past: [Tensor] = []
    /// The state at the last evaluation, for UniPC's corrector.
    private var last: Tensor?

    /// A solver over the grid `times`, starting from `noise` (float32), which stays as it is.
    public init(_ kind: Kind, times: [Float], from noise: Tensor) {
        self.kind = kind
        self.times = times
        latents = noise
    }

    /// Evaluations of the velocity that a grid of `points` times takes: one a step, two with Heun but for the last step, which ends where
    /// nothing is left to evaluate.
    public static func evaluations(_ kind: Kind, points: Int) -> Int {
        kind == .heun ? max(0, 2 * (points - 1) - 1) : max(0, points - 1)
    }

    /// The times of all evaluations that a grid takes, in order.
    public static func evaluationTimes(_ kind: Kind, of times: [Float]) -> [Float] {
        (0..<evaluations(kind, points: times.count)).map { times[kind == .heun ? ($0 + 1) / 2 : $0] }
    }

    /// Which of the times the velocity of ``latents`` is wanted at; nil when the last time is reached.
    public func next() -> Int? {
        guard step + 1 < times.count else { return nil }
        return slope == nil ? step : step + 1
    }

    /// Goes on with the velocity that ``next()`` asked for, of the shape of ``latents``; it is not kept.
    public mutating func accept(_ velocity: Tensor) {
        guard step + 1 < times.count else { return }
        let x = latents.toFloat32()
        if let first = slope {
            // Heun's correction: the mean of the velocities at both ends.
            x.add(velocity, minus: first, times: (times[step + 1] - times[step]) / 2)
            slope = nil
            step += 1
        } else {
            advance(x, velocity: velocity, step: step)
            if kind == .heun, step + 2 < times.count { slope = velocity.toFloat32() } else { step += 1 }
        }
        latents = x
    }

    /// Solves from noise to the last time, and writes the result over it.
    ///
    /// - Parameters:
    ///   - kind: the solver.
    ///   - times: the grid of times.
    ///   - x: the state, `[images, channels, height, width]` float32; the result is written over it.
    ///   - evaluate: writes the velocity of its first argument at `times[step]` to its last. It may throw to stop.
    public static func solve(
        _ kind: Kind, times: [Float], _ x: Tensor, evaluate: (Tensor, Int, Tensor) throws -> Void
    ) rethrows {
        var sampler = Sampler(kind, times: times, from: x)
        let velocity = Tensor(zeros: x.shape)
        while let step = sampler.next() {
            try evaluate(sampler.latents, step, velocity)
            sampler.accept(velocity)
        }
        x.copy(from: sampler.latents)
    }

    /// Advances `x` over step `i` given its velocity at `times[i]`.
    private mutating func advance(_ x: Tensor, velocity v: Tensor, step i: Int) {
        let (t, next) = (times[i], times[i + 1])
        switch kind {
        case .euler, .heun:
            x.add(v, times: next - t)
        case .ab2:
            if let before = past.last {
                // Integrates the line through the last two velocities.
                let ratio = (next - t) / (2 * (t - times[i - 1]))
                x.add(v, times: (next - t) * (1 + ratio))
                x.add(before, times: -(next - t) * ratio)
            } else {
                x.add(v, times: next - t)
            }
            past = [v.toFloat32()]
        case .dpmpp2m:
            let image = Self.image(x, v, t)
            let corrected = image.toFloat32()
            if let before = past.last, next < 1 {
                // lambda = log(t / (1 - t)); from t = 0 the ratio is infinite and the correction vanishes.
                let (h, h0) = (Self.lambda(next) - Self.lambda(t), Self.lambda(t) - Self.lambda(times[i - 1]))
                corrected.add(image, minus: before, times: h / (2 * h0))
            }
            Self.exponentialStep(x, towards: corrected, from: t, to: next)
            past = [image]
        case .unipc:
            let image = Self.image(x, v, t)
            if let start = last { correct(x, start: start, image: image, step: i) }
            last = x.toFloat32()
            let predicted = image.toFloat32()
            if let before = past.last, next < 1 {
                let (h, h0) = (Self.lambda(next) - Self.lambda(t), Self.lambda(t) - Self.lambda(times[i - 1]))
                predicted.add(image, minus: before, times: 0.5 * h / h0)
            }
            Self.exponentialStep(x, towards: predicted, from: t, to: next)
            past = (past + [image]).suffix(2)
        }
    }

    /// UniC: redoes the last step, from `start`, with the image that was found at its end.
    private func correct(_ x: Tensor, start: Tensor, image: Tensor, step i: Int) {
        guard let first = past.last else { return }
        let (t0, t) = (times[i - 1], times[i])
        let corrected = first.toFloat32()
        if past.count == 2, i >= 2, times[i - 2] > 0 {
            let h = Self.lambda(t) - Self.lambda(t0)
            let ratio = (Self.lambda(times[i - 2]) - Self.lambda(t0)) / h
            // Coefficients of order 2 for B(h) = e^-h - 1.
            let phi1 = expm1(-h)
            let phi2 = phi1 / -h - 1
            let phi3 = phi2 / -h - 0.5
            let (b1, b2) = (phi2 / phi1, 2 * phi3 / phi1)
            let rho1 = (b1 - b2) / (1 - ratio)
            corrected.add(past[0], minus: first, times: rho1 / ratio)
            corrected.add(image, minus: first, times: b1 - rho1)
        } else {
            corrected.add(image, minus: first, times: 0.5)
        }
        x.copy(from: start)
        Self.exponentialStep(x, towards: corrected, from: t0, to: t)
    }

    /// The image that the velocity points to: x + (1 - t) v.
    private static func image(_ x: Tensor, _ v: Tensor, _ t: Float) -> Tensor {
        let image = x.toFloat32()
        image.add(v, times: 1 - t)
        return image
    }

    private static func lambda(_ t: Float) -> Float { t <= 0 ? -.infinity : t >= 1 ? .infinity : log(t / (1 - t)) }

    /// x <- (1 - t') / (1 - t) x + (t' - t (1 - t') / (1 - t)) image: exact where the image is constant.
    private static func exponentialStep(_ x: Tensor, towards image: Tensor, from t: Float, to next: Float) {
        let keep = (1 - next) / (1 - t)
        x.update { _, value in value * keep }
        x.add(image, times: next - t * keep)
    }
}
