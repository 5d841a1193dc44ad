extension AccelerationProfile {
    /// Checks every field that has an effect: those of a mechanism that is off may hold anything.
    ///
    /// - Parameters:
    ///   - layers: of the model's LLM.
    ///   - encoderLayers: of its semantic encoder; nil = not known, and not checked against.
    ///   - task: what the profile is used for; what depends on the model is not checked for the other task. nil = both.
    /// - Throws: ``ProfileError/outOfRange(field:value:allowed:)``, naming the first field that is off.
    public func validate(layers: Int, encoderLayers: Int? = nil, for task: Calibration.Task? = nil)
        throws(ProfileError)
    {
        try validateRanges([
            ("schedule.stepsFactor", schedule.stepsFactor, 0.04...1),
            ("ffn.generationRatio", ffn.generationRatio, 0...0.9),
            ("ffn.understandingRatio", ffn.understandingRatio, 0...0.9),
            ("ffn.fullFraction", ffn.fullFraction, 0...1),
            ("layers.generationRatio", self.layers.generationRatio, 0...0.9),
            ("layers.understandingRatio", self.layers.understandingRatio, 0...0.9),
            ("guidance.earlyFraction", guidance.earlyFraction, 0...1),
            ("guidance.earlyFactor", guidance.earlyFactor, 0...2),
            ("guidance.conditionalTail", guidance.conditionalTail, 0...1),
            ("guidance.start", guidance.start, 0...1),
            ("guidance.end", guidance.end, 0...1),
            ("guidance.rescale", guidance.rescale, 0...1),
            ("velocityCache.threshold", velocityCache.threshold, 0...10),
            ("velocityCache.warmup", velocityCache.warmup, 0...1),
            ("velocityCache.drift", velocityCache.drift, -1...1),
            ("blockCache.threshold", blockCache.threshold, 0...10),
            ("headCache.tolerance", headCache.tolerance, 0...10),
            ("tokens.dropRatio", tokens.dropRatio, 0...0.95),
            ("frameCache.threshold", frameCache.threshold, 0...1),
            ("reading.scale", reading.scale, 0.1...1),
        ])
        let deepest = task == .generation ? Int.max : max(0, layers - 2)
        let longestTail = task == .generation ? Int.max : encoderLayers.map { max(0, $0 - 1) } ?? Int.max
        try validateRanges([
            ("layers.refreshInterval", self.layers.refreshInterval, 1...1000),
            ("guidance.differenceInterval", guidance.differenceInterval, 1...1000),
            ("headCache.interval", headCache.interval, 1...1000),
            ("headCache.order", headCache.order, 0...2),
            ("headCache.warmup", headCache.warmup, 0...1000),
            ("velocityCache.longest", velocityCache.longest, 1...1000),
            ("velocityCache.order", velocityCache.order, 0...2),
            ("blockCache.layers", blockCache.layers, 0...(task == .understanding ? Int.max : max(0, layers))),
            ("features.interval", features.interval, 1...1000),
            ("features.order", features.order, 0...2),
            ("frameCache.margin", frameCache.margin, 0...1000),
            ("tokens.layer", tokens.layer, 0...deepest),
            ("tokens.encoderTail", tokens.encoderTail, 0...longestTail),
        ])
        // What calibration knows are the LLM's layers.
        if tokens.dropRatio > 0, tokens.place == .encoder, tokens.selection == .calibrated, task != .generation {
            throw .outOfRange(
                field: "tokens.selection", value: tokens.selection.rawValue,
                allowed: "another selection where tokens.place is encoder")
        }
        try validateCombination()
    }

    /// Refuses the first field that is outside its range and has an effect. NaN is in no range.
    private func validateRanges<Value: Comparable>(
        _ fields: [(name: String, value: Value, range: ClosedRange<Value>)]
    ) throws(ProfileError) {
        for (name, value, range) in fields where !range.contains(value) && idleReason(of: name) == nil {
            throw .outOfRange(
                field: name, value: "\(value)", allowed: "between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    /// Refuses what makes no sense together.
    private func validateCombination() throws(ProfileError) {
        if guidance.start > guidance.end {
            throw .outOfRange(
                field: "guidance.end", value: "\(guidance.end)",
                allowed: "between guidance.start, \(guidance.start), and 1")
        }
        let policy = velocityCache.policy
        if policy != .off, schedule.sampler == .heun {
            throw .outOfRange(
                field: "velocityCache.policy", value: policy.rawValue,
                allowed: "off with schedule.sampler=heun, whose corrections are differences of velocities")
        }
        // Each would take what the other reused for computed.
        for (field, value, isOn, off) in [
            ("blockCache.layers", "\(blockCache.layers)", blockCache.layers > 0, "0"),
            ("headCache.interval", "\(headCache.interval)", headCache.interval > 1, "1"),
        ] where isOn {
            let other =
                policy != .off
                ? "velocityCache.policy=\(policy.rawValue)"
                : field == "headCache.interval" && blockCache.layers > 0
                    ? "blockCache.layers=\(blockCache.layers)" : nil
            guard let other else { continue }
            throw .outOfRange(field: field, value: value, allowed: "\(off) with \(other): one cache at a time")
        }
    }

    /// Whether what is computed depends on the image, and not on the profile alone. Such images are drawn one at a time, so that each is what it
    /// would be without the others.
    public var decidesByImage: Bool {
        velocityCache.policy == .easyCache || blockCache.layers > 0
            || (headCache.interval > 1 && headCache.tolerance > 0)
    }

    /// Whether a task needs the calibration file.
    public func needsCalibration(for task: Calibration.Task) -> Bool {
        switch task {
        case .generation: ffn.generationRatio > 0 || needsMagnitude
        case .understanding:
            ffn.understandingRatio > 0 || choosesTokensByCalibration
                || (layers.understandingRatio > 0 && layers.understandingChoice == .calibration)
        }
    }

    /// Whether the calibration's ``Calibration/Scores/magnitude`` decides which evaluations are computed.
    public var needsMagnitude: Bool { velocityCache.policy == .magCache }

    /// Whether the calibration's ``Calibration/Scores/normAttention`` decides which tokens stay.
    public var choosesTokensByCalibration: Bool { tokens.dropRatio > 0 && tokens.selection == .calibrated }
}
