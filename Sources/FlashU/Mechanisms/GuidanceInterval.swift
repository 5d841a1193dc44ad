/// The part of the trajectory in which the image is guided; outside of it only the conditional branch runs.
///
/// "Applying Guidance in a Limited Interval Improves Sample and Distribution Quality in Diffusion Models" (Kynkaanniemi et al., arXiv 2404.07724);
/// BAGEL's `cfg_interval` [0.4, 1], whose time runs the other way: its t = 1 is noise, ours is 0, so it is [0, 0.6] here.
struct GuidanceInterval: Sendable {
    let start: Double
    let end: Double

    init(_ profile: AccelerationProfile.Guidance) { (start, end) = (profile.start, profile.end) }

    /// Whether the evaluation at `time` is guided: both ends belong to the interval.
    func contains(_ time: Float) -> Bool { Float(start) <= time && time <= Float(end) }
}
