import ArgumentParser

/// Bounds of options that several commands, or lines of a file, have.
enum Bounds {
    static func check(threads: Int?) throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024, not \(threads).")
        }
    }

    /// Points of the time grid. The time embeddings of all are kept: the limit bounds memory.
    static func check(steps: Int?, _ name: String = "--steps") throws(ValidationError) {
        if let steps, !(2...1000).contains(steps) {
            throw ValidationError("\(name) must be between 2 and 1000, not \(steps): T points are T - 1 evaluations.")
        }
    }

    static func check(cfgScale: Float?, _ name: String = "--cfg-scale") throws(ValidationError) {
        if let cfgScale, !(cfgScale >= 0 && cfgScale.isFinite) {
            throw ValidationError("\(name) must be 0 (no guidance) or more, not \(cfgScale).")
        }
    }

    static func check(timeShift: Float?) throws(ValidationError) {
        if let timeShift, !(timeShift > 0 && timeShift.isFinite) {
            throw ValidationError("--time-shift must be above 0.")
        }
    }

    /// How the tokens of a text are chosen.
    static func check(temperature: Double, topK: Int?, topP: Double?) throws(ValidationError) {
        guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be 0 or more.") }
        if let topK, topK < 1 { throw ValidationError("--top-k must be 1 or more.") }
        if let topP, !(topP > 0 && topP <= 1) { throw ValidationError("--top-p must be above 0 and at most 1.") }
    }

    /// Tokens of a text.
    static func check(maxTokens: Int) throws(ValidationError) {
        guard (1...30_000).contains(maxTokens) else {
            throw ValidationError("--max-tokens must be between 1 and 30000, not \(maxTokens).")
        }
    }

    static func check(side: Int?, _ name: String) throws(ValidationError) {
        if let side, !(1...16_384).contains(side) {
            throw ValidationError("\(name) must be between 1 and 16384, not \(side).")
        }
    }

    static func check(count: Int, _ name: String = "-n") throws(ValidationError) {
        guard (1...10_000).contains(count) else {
            throw ValidationError("\(name) must be between 1 and 10000, not \(count).")
        }
    }
}
