import HTTPTypes
import Hummingbird
import NIOCore
import Pipelines

extension APIService {
    /// What is served, and how the server is.
    var statusRoutes: [Route] {
        [
            Route(method: .get, path: "/health", isPublic: true) { [self] _, _ in try health() },
            Route(method: .get, path: "/metrics") { [self] _, _ in await numbers() },
            Route(method: .get, path: "/openapi.json", isPublic: true) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(string: OpenAPIDocument.text)))
            },
            Route(method: .get, path: "/v1/models") { [self] _, _ in
                try JSONAnswer.response(ModelList(data: modelNames.map { ModelEntry(id: $0, created: created) }))
            },
        ]
    }

    private func health() throws -> Response {
        switch resident.state {
        case .ready: return try JSONAnswer.response(Health(status: "ok", loaded: nil))
        case .loading(let share):
            var headers = HTTPFields()
            headers[.retryAfter] = "5"
            return try JSONAnswer.response(
                Health(status: "loading", loaded: (share * 100).rounded() / 100), status: .serviceUnavailable,
                headers: headers)
        }
    }

    private func numbers() async -> Response {
        metrics.gauge("flashu_requests_in_progress", Double(queue.count))
        let cache = contexts.usage
        metrics.gauge("flashu_image_cache_bytes", Double(cache.bytes))
        metrics.gauge("flashu_image_cache_hits", Double(cache.hits))
        metrics.gauge("flashu_image_cache_misses", Double(cache.misses))
        if let bytes = ServerMetrics.residentBytes { metrics.gauge("process_resident_memory_bytes", Double(bytes)) }
        if let files = ServerMetrics.openFiles { metrics.gauge("process_open_fds", Double(files)) }
        switch resident.state {
        case .ready(let model):
            metrics.gauge("flashu_model_loaded", 1)
            metrics.gauge("flashu_jobs", Double(await model.scheduler.jobs))
        case .loading(let share): metrics.gauge("flashu_model_loaded", share)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: metrics.text)))
    }

    private struct Health: Encodable {
        let status: String
        /// The share of the model, 0 to 1.
        let loaded: Double?
    }

    private struct ModelList: Encodable {
        let object = "list"
        let data: [ModelEntry]

        private enum CodingKeys: CodingKey { case object, data }
    }

    private struct ModelEntry: Encodable {
        let id: String
        let object = "model"
        let created: Int
        let owned_by = "flashu"

        private enum CodingKeys: CodingKey { case id, object, created, owned_by }
    }
}
