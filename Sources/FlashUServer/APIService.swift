import FlashU
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Pipelines
import ShowO2

/// What all endpoints share, and the list of them.
struct APIService: Sendable {
    let settings: ServerSettings
    let resident: ResidentModel
    let queue: RequestQueue
    let metrics: ServerMetrics
    /// What was read of pictures.
    let contexts: ContextCache
    /// When it began, in seconds since 1970.
    let created = Exchange.now

    init(settings: ServerSettings, resident: ResidentModel) {
        (self.settings, self.resident) = (settings, resident)
        queue = RequestQueue(limit: settings.maxQueue)
        metrics = ServerMetrics()
        contexts = ContextCache(limit: settings.imageCacheBytes)
    }

    /// All that can be asked for.
    var routes: [Route] {
        statusRoutes + imagesRoutes + chatRoutes + webUIRoutes + descriptionRoutes + pageRoutes
    }

    /// The names by which clients may ask for the model, its own first.
    var modelNames: [String] {
        var names = [resident.folder.geometry.name]
        for alias in settings.aliases where !names.contains(alias) { names.append(alias) }
        return names
    }

    /// Refuses a model that isn't served; none given means the one that is.
    /// - Throws: ``APIError`` 404.
    func check(model: String?) throws(APIError) {
        guard let model, !modelNames.contains(model) else { return }
        throw APIError(
            .notFound, "invalid_request_error",
            "this server has no model of that name; it has \(modelNames.joined(separator: ", "))", param: "model",
            code: "model_not_found")
    }

    /// What may be done to be faster: what the request names, a preset, one of the model's own profiles or fields of one, never a file.
    /// - Throws: ``APIError``, `ProfileError`.
    func profile(named name: String?) throws -> AccelerationProfile {
        guard let name else { return settings.profile }
        if name.contains("=") {
            guard name.utf8.count <= 4000 else { throw APIError.invalid("accelerate", "accelerate is too long") }
            return try AccelerationProfile(changes: name)
        }
        guard let named = try resident.folder.profile(named: name) else {
            throw APIError.invalid(
                "accelerate",
                "accelerate must be \(AccelerationProfile.presets.keys.sorted().joined(separator: ", ")), or FIELD=VALUE; FIELD=VALUE"
            )
        }
        return named.profile
    }

    /// A body without pictures in it.
    private static let textBodyBytes = 1 << 20

    /// The object that a request's body holds.
    ///
    /// - Parameter pictures: whether pictures and videos may stand in it, which take more room than text.
    /// - Throws: what ``JSONBody`` throws.
    func fields(of request: Request, pictures: Bool = false) async throws -> Fields {
        let limit = pictures ? settings.maxBodyBytes : min(Self.textBodyBytes, settings.maxBodyBytes)
        return try JSONBody.fields(
            await JSONBody.bytes(of: request, limit: limit, seconds: settings.uploadSeconds))
    }

    /// An error as the client is told of it; what isn't the client's doing goes to the log as well.
    func told(_ error: any Error, _ exchange: Exchange) -> APIError {
        let told = APIError(error, memory: settings.memory)
        if told.status.code >= 500, !(error is CancellationError) { exchange.logger.warning("\(APIError.line(error))") }
        return told
    }
}
