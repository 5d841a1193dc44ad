/// When the head's last states are computed, and when they are reused or forecast: the diffusion-head cache of the paper, whose schedule is fixed
/// beforehand, and SpeCa (Liu et al., arXiv 2509.11628), which checks every forecast and begins anew where one was off.
///
/// Released code: the first evaluations are computed, then every T_cache-th. A forecast that is refused is a computed evaluation, so that the next is
/// due T_cache after it.
struct ForecastSchedule: Sendable {
    let interval: Int
    let warmup: Int
    /// Whether forecasts are checked, and due evaluations are counted from the last computed one.
    let isVerified: Bool
    /// The last evaluation that computed the head.
    private var last = 0

    init(_ profile: AccelerationProfile.HeadCache) {
        (interval, warmup) = (profile.interval, profile.warmup)
        isVerified = profile.interval > 1 && profile.tolerance > 0
    }

    /// Whether evaluation `i` may forecast.
    func forecasts(_ i: Int) -> Bool {
        guard interval > 1, i >= max(1, warmup) else { return false }
        return isVerified ? i > warmup && i - last < interval : (i - warmup) % interval != 0
    }

    /// Takes note that evaluation `i` computed the head.
    mutating func computed(_ i: Int) { last = i }
}
