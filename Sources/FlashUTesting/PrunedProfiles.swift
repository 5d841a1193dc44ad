package import FlashU

extension AccelerationProfile {
    /// Six Euler points and three tenths of the neurons less; half of the visual tokens: something of every kind, for tests that want that.
    package static let pruned: AccelerationProfile = {
        var profile = AccelerationProfile()
        profile.name = "pruned"
        profile.schedule.stepsFactor = 0.2
        profile.ffn.generationRatio = 0.3
        profile.ffn.understandingRatio = 0.3
        profile.tokens.dropRatio = 0.5
        profile.tokens.layer = 3
        profile.tokens.selection = .calibrated
        return profile
    }()

    /// The same with fewer neurons and tokens.
    package static let prunedMore: AccelerationProfile = {
        var profile = AccelerationProfile.pruned
        profile.name = "pruned more"
        profile.ffn.generationRatio = 0.5
        profile.ffn.understandingRatio = 0.4
        profile.tokens.dropRatio = 0.7
        return profile
    }()
}
