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
    /// The fastest that was found to lose at most one point of ShapesBench on either task (`docs/frontier.md`).
    ///
    /// Generation: plain Euler on a fifth of the points, and seven tenths of the FFN's neurons. Understanding: half of the visual tokens after
    /// layer 3, and seven tenths of the neurons. Found on the shapes model, whose trajectories are nearly straight: a model that was trained on
    /// photographs may want more points (`schedule.stepsFactor`) or a multistep solver (`schedule.sampler`).
    public static let balanced: AccelerationProfile = {
        var profile = AccelerationProfile()
        profile.name = "balanced"
        profile.schedule.stepsFactor = 0.2
        profile.ffn.generationRatio = 0.3
        profile.ffn.understandingRatio = 0.3
        profile.tokens.dropRatio = 0.5
        profile.tokens.layer = 3
        profile.tokens.selection = .calibrated
        return profile
    }()

    /// The fastest that was found to lose at most three points on either task: the same with fewer neurons and tokens.
    public static let fast: AccelerationProfile = {
        var profile = AccelerationProfile.balanced
        profile.name = "fast"
        profile.ffn.generationRatio = 0.5
        profile.ffn.understandingRatio = 0.4
        profile.tokens.dropRatio = 0.7
        return profile
    }()
}
