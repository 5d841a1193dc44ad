import ArgumentParser

/// Bounds of options that several commands have.
enum Bounds {
    static func check(threads: Int?) throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024, not \(threads).")
        }
    }

    /// Points of the time grid.
    static func check(steps: Int?) throws {
        if let steps, !(2...1000).contains(steps) {
            throw ValidationError("--steps must be between 2 and 1000, not \(steps).")
        }
    }
}
