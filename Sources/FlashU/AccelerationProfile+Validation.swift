extension AccelerationProfile {
    /// Checks every field.
    ///
    /// - Parameter layers: of the model's LLM.
    /// - Throws: ``ProfileError/outOfRange(field:value:allowed:)``, naming the first field that is off.
    public func validate(layers: Int) throws(ProfileError) {
        for (field, value, range) in [
            ("schedule.stepsFactor", schedule.stepsFactor, 0.04...1),
            ("ffn.generationRatio", ffn.generationRatio, 0...0.9),
            ("ffn.understandingRatio", ffn.understandingRatio, 0...0.9), ("ffn.fullFraction", ffn.fullFraction, 0...1),
            ("layers.generationRatio", self.layers.generationRatio, 0...0.9),
            ("layers.understandingRatio", self.layers.understandingRatio, 0...0.9),
            ("guidance.earlyFactor", guidance.earlyFactor, 0...2),
            ("guidance.earlyFraction", guidance.earlyFraction, 0...1),
            ("guidance.conditionalTail", guidance.conditionalTail, 0...1),
            ("tokens.dropRatio", tokens.dropRatio, 0...0.95),
        ] where !range.contains(value) {  // NaN is in no range
            throw .outOfRange(
                field: field, value: "\(value)", allowed: "between \(range.lowerBound) and \(range.upperBound)")
        }
        for (field, value, range) in [
            ("layers.refreshInterval", self.layers.refreshInterval, 1...1000),
            ("guidance.differenceInterval", guidance.differenceInterval, 1...1000),
            ("headCache.interval", headCache.interval, 1...1000), ("headCache.order", headCache.order, 0...2),
            ("headCache.warmup", headCache.warmup, 0...1000), ("features.interval", features.interval, 1...1000),
            ("features.order", features.order, 0...2), ("tokens.layer", tokens.layer, 0...max(0, layers - 2)),
        ] where !range.contains(value) {
            throw .outOfRange(
                field: field, value: "\(value)", allowed: "between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    /// Whether a task needs the calibration file.
    public func needsCalibration(for task: Calibration.Task) -> Bool {
        switch task {
        case .generation: ffn.generationRatio > 0
        case .understanding:
            ffn.understandingRatio > 0 || choosesTokensByCalibration
                || (layers.understandingRatio > 0 && layers.understandingChoice == .calibration)
        }
    }

    /// Whether the calibration's ``Calibration/Scores/normAttention`` decides which tokens stay.
    public var choosesTokensByCalibration: Bool { tokens.dropRatio > 0 && tokens.selection == .calibrated }
}
