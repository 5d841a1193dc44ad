extension AccelerationProfile {
    /// The profiles by name: `off`, `paper`, `balanced`, `fast`.
    public static let presets: [String: AccelerationProfile] = Dictionary(
        uniqueKeysWithValues: [off, paper, balanced, fast].map { ($0.name, $0) })

    /// The exact engine.
    public static let off = AccelerationProfile()

    /// The published defaults ("Table 7" of the released code): r_p 0.2, r_LS 0.2, T_LS 10, T_cache 5, T 35 of 50, tau 0.3 T at the end, guidance
    /// at 0.75 for 24 of 34 evaluations. Understanding's ratios are not published; r_p and r_LS of generation are used, and half of the
    /// visual tokens are dropped.
    public static let paper: AccelerationProfile = {
        var profile = AccelerationProfile()
        profile.name = "paper"
        profile.schedule.stepsFactor = 0.7
        profile.ffn.generationRatio = 0.2
        profile.ffn.understandingRatio = 0.2
        profile.ffn.full = .end
        profile.ffn.fullFraction = 0.3
        profile.layers.generationRatio = 0.2
        profile.layers.refreshInterval = 10
        profile.layers.understandingRatio = 0.2
        profile.guidance.earlyFactor = 0.75
        profile.guidance.earlyFraction = 24.0 / 34
        profile.headCache.interval = 5
        profile.headCache.warmup = 4
        profile.tokens.dropRatio = 0.5
        return profile
    }()

    /// A cautious start for a model that was not tuned (`flashu tune` finds its own `balanced`): a multistep solver on 60 % of the points, and
    /// EasyCache, which forecasts, and computes again as soon as the velocity may have changed by 5 %.
    public static let balanced: AccelerationProfile = {
        var profile = AccelerationProfile()
        profile.name = "balanced"
        profile.schedule.stepsFactor = 0.6
        profile.schedule.sampler = .ab2
        profile.velocityCache.policy = .easyCache
        profile.velocityCache.threshold = 0.05
        profile.velocityCache.order = 1
        return profile
    }()

    /// A less cautious start: the same with a bound of 10 %.
    public static let fast: AccelerationProfile = {
        var profile = AccelerationProfile.balanced
        profile.name = "fast"
        profile.velocityCache.threshold = 0.1
        return profile
    }()

    /// Whether it is a start that tuning replaces.
    public var isStart: Bool { self == .balanced || self == .fast }
}
