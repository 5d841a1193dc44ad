extension AccelerationProfile {
    /// The profiles by name: `off`, `paper`.
    public static let presets: [String: AccelerationProfile] = ["off": off, "paper": paper]

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
}
