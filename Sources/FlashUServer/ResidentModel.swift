import Compute
import Pipelines
import ServiceLifecycle
import Synchronization

/// The model that is served, from the moment it is wanted.
final class ResidentModel: Sendable {
    /// How far it is.
    enum State: Sendable {
        /// The share that is loaded.
        case loading(Double)
        case ready(UnifiedModel)
    }

    /// The folder, which answers what needs no weights.
    let folder: ModelFolder
    private let current = Mutex(State.loading(0))

    init(_ folder: ModelFolder) { self.folder = folder }

    /// How far it is.
    var state: State { current.withLock { $0 } }

    /// The model.
    /// - Throws: ``APIError`` 503 while it is being loaded.
    func model() throws(APIError) -> UnifiedModel {
        guard case .ready(let model) = state else {
            throw .unavailable("the model is being loaded", code: "model_loading", retryAfter: 5)
        }
        return model
    }

    func progress(_ share: Double) {
        current.withLock { state in if case .loading = state { state = .loading(share) } }
    }

    func ready(_ model: UnifiedModel) { current.withLock { $0 = .ready(model) } }
}

/// Loads the model beside the server, which answers meanwhile that it isn't there yet.
struct ModelLoading: Service {
    let resident: ResidentModel
    let load: @Sendable (@escaping @Sendable (Double) -> Void) async throws -> UnifiedModel
    let memory: Int?
    let loaded: @Sendable () -> Void

    func run() async throws {
        let model = try await load { resident.progress($0) }
        await model.scheduler.limit(memory: memory)
        resident.ready(model)
        loaded()
        try? await gracefulShutdown()
    }
}
