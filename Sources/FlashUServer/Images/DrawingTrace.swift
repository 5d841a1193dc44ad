import FlashU
import Pipelines
import ShowO2
import Synchronization

/// How an image came by: what every evaluation computed, and what it took.
struct DrawingTrace: Encodable, Sendable {
    /// What differs from the exact engine, as `FIELD=VALUE; FIELD=VALUE`; empty for the exact engine.
    let profile: String
    /// Layers of the language model.
    let layers: Int
    /// Neurons of one layer's FFN.
    let neurons: Int
    /// In the order in which they were done.
    let evaluations: [StepTrace]
    /// Seconds of computing, waiting for others left out.
    let timings: TextToImage.Timings
}

/// An event of a drawing's stream: an evaluation was done.
struct EvaluationEvent: Encodable, Sendable {
    static let name = "image_generation.evaluation"

    let type = EvaluationEvent.name
    /// Evaluations done, over all images.
    let done: Int
    /// Evaluations in all.
    let total: Int
    let evaluation: StepTrace

    init(_ step: TextToImage.Step) { (done, total, evaluation) = (step.done, step.total, step.trace) }

    private enum CodingKeys: CodingKey { case type, done, total, evaluation }
}

/// Collects what the evaluations of a drawing did.
final class TraceRecorder: Sendable {
    private struct State {
        /// Of the batch that is being drawn.
        var evaluations: [StepTrace] = []
        /// Of the finished images, by their place.
        var finished: [Int: [StepTrace]] = [:]
    }

    private let state = Mutex(State())
    private let profile: String
    private let geometry: ShowO2Geometry

    init(_ profile: AccelerationProfile, _ geometry: ShowO2Geometry) {
        (self.profile, self.geometry) = (profile.changes, geometry)
    }

    /// Takes an evaluation; the first one begins a new batch of images.
    func add(_ step: TextToImage.Step) {
        state.withLock { state in
            if step.trace.evaluation == 0 { state.evaluations = [] }
            state.evaluations.append(step.trace)
        }
    }

    /// Takes a finished image, which all evaluations since the batch began have drawn.
    func finish(_ image: TextToImage.Drawn) {
        state.withLock { $0.finished[image.index] = $0.evaluations }
    }

    /// How a finished image came by.
    func trace(of image: TextToImage.Drawn) -> DrawingTrace {
        DrawingTrace(
            profile: profile, layers: geometry.llm.layers, neurons: geometry.llm.intermediate,
            evaluations: state.withLock { $0.finished[image.index] } ?? [], timings: image.timings)
    }
}
