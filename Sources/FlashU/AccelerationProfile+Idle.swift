extension AccelerationProfile {
    /// Why a field, such as `velocityCache.threshold`, changes nothing in this profile, in words that follow its name; nil if it may change something.
    ///
    /// - Parameters:
    ///   - field: its name.
    ///   - task: what the profile is used for; nil = both.
    public func idleReason(of field: String, for task: Calibration.Task? = nil) -> String? {
        if let task, let only = Self.task(of: field), only != task {
            return "changes nothing in \(task == .generation ? "drawing" : "answering")"
        }
        guard let state = offSwitch(of: field) else { return nil }
        return "changes nothing while \(state)"
    }

    /// The task that a field is of; nil for both, and for what is no field.
    private static func task(of field: String) -> Calibration.Task? {
        if field.contains(".understanding") { return .understanding }
        return switch field.split(separator: ".").first {
        case "tokens", "reading", "frameCache": .understanding
        case nil, "name": nil
        default: .generation
        }
    }

    /// The field that keeps another one's mechanism off, as `FIELD is VALUE`; nil if nothing does.
    private func offSwitch(of field: String) -> String? {
        let off: (isOff: Bool, by: String)? =
            switch field {
            case "ffn.fullFraction": (ffn.full == .never, "ffn.full is never")
            case "layers.refreshInterval": (layers.generationRatio == 0, "layers.generationRatio is 0")
            case "layers.understandingChoice": (layers.understandingRatio == 0, "layers.understandingRatio is 0")
            case "guidance.earlyFactor": (guidance.earlyFraction == 0, "guidance.earlyFraction is 0")
            case "headCache.order", "headCache.warmup", "headCache.tolerance":
                (headCache.interval == 1, "headCache.interval is 1")
            case "velocityCache.policy": nil
            case _ where field.hasPrefix("velocityCache."):
                (velocityCache.policy == .off, "velocityCache.policy is off")
            case "blockCache.threshold": (blockCache.layers == 0, "blockCache.layers is 0")
            case "features.order": (features.interval == 1, "features.interval is 1")
            case "frameCache.unchanged", "frameCache.margin":
                (frameCache.threshold == 0, "frameCache.threshold is 0")
            case "tokens.dropRatio": nil
            case _ where field.hasPrefix("tokens.") && tokens.dropRatio == 0: (true, "tokens.dropRatio is 0")
            case "tokens.layer": (tokens.place == .encoder, "tokens.place is encoder")
            case "tokens.encoderTail": (tokens.place == .llm, "tokens.place is llm")
            case "tokens.seed": (tokens.selection != .random, "tokens.selection is not random")
            default: nil
            }
        return off.flatMap { $0.isOff ? $0.by : nil }
    }
}
