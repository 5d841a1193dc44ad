import Compute
package import FlashU

/// Runs candidates on samples of one task: what the search needs to know of drawing and answering.
package protocol Trials: Sendable {
    /// Which one.
    var task: Calibration.Task { get }
    /// Samples of a set, at most.
    func count(_ set: SampleSet) -> Int
    /// Seconds for a sample that every candidate pays and none counts: of drawing the VAE's.
    var constantSeconds: Double { get async }
    /// What losses are made of.
    var judge: String { get async }
    /// What is to be known of the losses, in a line; nil = nothing.
    var note: String? { get async }
    /// Refuses a profile that this model can't run.
    func check(_ profile: AccelerationProfile) throws
    /// Makes the references of the first `count` samples of a set.
    func prepare(_ set: SampleSet, count: Int) async throws
    /// The exact engine on a sample; ``prepare(_:count:)`` has made it.
    func exact(_ set: SampleSet, _ index: Int) async throws -> Measured
    /// Seconds that the exact engine takes on a sample now: the machine may be faster or slower than it was for the reference.
    func exactSecondsNow(_ set: SampleSet, _ index: Int) async throws -> Double
    /// A candidate on some samples of a set.
    func run(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) async throws -> [Measured]
}

extension Trials {
    package var note: String? { nil }
}
